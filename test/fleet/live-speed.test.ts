import { describe, expect, test } from 'vitest'
import { foldSpeeds, requestsEver } from '../../src/fleet/live-speed.ts'
import type { LiveSpeed } from '../../src/fleet/node.ts'

const benchmark = { benchmarkId: 'b1', tokensPerSecondP50: 100 }
const times = (speed: number, count: number) => Array.from({ length: count }, () => speed)

/** One page after another, each under an id of its own. */
function folded(...pages: readonly number[][]): LiveSpeed | undefined {
  return pages.reduce<LiveSpeed | undefined>(
    (live, tokensPerSecond, index) =>
      foldSpeeds(live, benchmark, { pageId: `page ${index}`, tokensPerSecond }),
    undefined,
  )
}

describe('the live speed', () => {
  test.each([30, 50, 70, 100, 180])('of requests at %d tokens/s is told within 4 %%', (speed) => {
    const live = folded(times(speed, 50))
    expect(live?.requests).toBe(50)
    expect(Math.abs((live?.tokensPerSecondP50 ?? 0) / speed - 1)).toBeLessThan(0.04)
  })

  test('is the middle one of many', () => {
    const live = folded(times(40, 10), times(60, 21), times(150, 10))
    expect(live?.tokensPerSecondP50).toBeGreaterThan(57)
    expect(live?.tokensPerSecondP50).toBeLessThan(63)
  })

  test.each([
    [0, 25],
    [1e9, 250],
  ])('of %d tokens/s is kept at the end of the scale', (speed, about) => {
    const told = folded([speed])?.tokensPerSecondP50 ?? 0
    expect(Math.abs(told / about - 1)).toBeLessThan(0.15)
  })

  test('forgets: a few hundred slow requests outweigh thousands that were fast before', () => {
    const fast = Array.from({ length: 100 }, () => times(100, 40))
    const slow = Array.from({ length: 5 }, () => times(50, 40))
    const live = folded(...fast, ...slow)
    expect(live?.tokensPerSecondP50).toBeLessThan(55)
    expect(live?.requests).toBeLessThanOrEqual(200)
    expect(live?.requests).toBeGreaterThanOrEqual(50)
  })

  test('forgets speeds, and none of the requests in its total', () => {
    const live = folded(...Array.from({ length: 30 }, () => times(100, 40)))
    expect(live?.requests).toBeLessThanOrEqual(200)
    expect(live && requestsEver(live)).toBe(1_200)
  })

  test('that was stored without a total goes on counting from what it had', () => {
    const histogram = { counts: [90], pages: [], folds: 1 }
    const stored = { benchmarkId: 'b1', requests: 90, tokensPerSecondP50: 100, histogram }
    expect(requestsEver(stored)).toBe(90)
    const live = foldSpeeds(stored, benchmark, { pageId: 'p', tokensPerSecond: times(100, 40) })
    expect(live && requestsEver(live)).toBe(130)
  })

  test('begins anew with a new benchmark', () => {
    const before = folded(times(50, 60))
    const next = { benchmarkId: 'b2', tokensPerSecondP50: 50 }
    const live = foldSpeeds(before, next, { pageId: 'p', tokensPerSecond: [50] })
    expect(live).toMatchObject({ benchmarkId: 'b2', requests: 1, histogram: { total: 1 } })
    // A writer that read the old value is still told apart from one that read this.
    expect(live?.histogram?.folds).toBe(2)
  })

  test('is not changed by a page that was folded before, as long as eight others are not between', () => {
    const page = { pageId: 'page 0', tokensPerSecond: [90] }
    const pages = Array.from({ length: 8 }, () => [90])
    expect(foldSpeeds(folded(...pages), benchmark, page)).toBeUndefined()
    expect(foldSpeeds(folded(...pages, [90]), benchmark, page)).toBeDefined()
  })
})
