// What `bench/routing.ts` measures at length, on small cells: the same seed gives the same numbers, and
// the claims of `docs/routing.md` hold with room to spare.
import { beforeAll, describe, expect, test } from 'vitest'
import { makePrefixCache } from '../../bench/routing/prefix-cache.ts'
import type { RivalName } from '../../bench/routing/rivals.ts'
import { type Cell, type Outcome, simulate } from '../../bench/routing/simulate.ts'

const cell = (workload: Cell['workload'], rival: RivalName, load: number): Cell => ({
  workload,
  rival,
  gateways: 200,
  seed: 3,
  durationMs: 150_000,
  load,
})

const among = (workload: Cell['workload'], rivals: readonly RivalName[], load: number) =>
  new Map(rivals.map((rival) => [rival, simulate(cell(workload, rival, load))]))

const of = (outcomes: ReadonlyMap<RivalName, Outcome>, rival: RivalName): Outcome => {
  const outcome = outcomes.get(rival)
  if (!outcome) throw new Error(`${rival} did not run`)
  return outcome
}

test('a cell is the same in every run, and another under another seed', () => {
  const small = { ...cell('chat', 'B3IQ', 1), durationMs: 30_000 }
  expect(simulate(small)).toEqual(simulate(small))
  expect(simulate({ ...small, seed: 4 })).not.toEqual(simulate(small))
})

describe('conversations', () => {
  let outcomes: ReadonlyMap<RivalName, Outcome>
  beforeAll(() => {
    outcomes = among('chat', ['B3IQ', 'random', 'round-robin', 'least-loaded'], 1.3)
  })

  test.each(['random', 'round-robin', 'least-loaded'] as const)(
    'find their tokens kept 1.5 times as often as under %s',
    (rival) => {
      expect(of(outcomes, 'B3IQ').hitShare).toBeGreaterThan(1.5 * of(outcomes, rival).hitShare)
    },
  )

  test.each(['random', 'round-robin', 'least-loaded'] as const)(
    'wait for half as long as under %s, or less',
    (rival) => {
      const { firstContentP50Ms } = of(outcomes, rival)
      expect(of(outcomes, 'B3IQ').firstContentP50Ms).toBeLessThan(0.5 * firstContentP50Ms)
    },
  )

  test('are served, where others are refused', () => {
    expect(of(outcomes, 'B3IQ').refusedShare).toBeLessThan(0.01)
    expect(of(outcomes, 'random').refusedShare).toBeGreaterThan(0.05)
  })
})

describe('one tenant with a third of all requests', () => {
  let outcomes: ReadonlyMap<RivalName, Outcome>
  beforeAll(() => {
    outcomes = among('skew', ['B3IQ', 'random', 'affinity alone'], 1)
  })

  test('does not fill its host until others are refused, as affinity alone lets it', () => {
    expect(of(outcomes, 'affinity alone').refusedShare).toBeGreaterThan(0.15)
    expect(of(outcomes, 'B3IQ').refusedShare).toBeLessThan(0.02)
  })

  test('finds nearly all of its tokens kept all the same', () => {
    const { hitShare } = of(outcomes, 'affinity alone')
    expect(of(outcomes, 'B3IQ').hitShare).toBeGreaterThan(hitShare - 0.08)
    expect(of(outcomes, 'B3IQ').hitShare).toBeGreaterThan(of(outcomes, 'random').hitShare + 0.05)
  })
})

test('where nothing can be kept, affinity costs a fifth of the median wait at most, and no request', () => {
  const outcomes = among('short', ['B3IQ', 'no affinity'], 1)
  const [ours, drawn] = [of(outcomes, 'B3IQ'), of(outcomes, 'no affinity')]
  expect(ours.firstContentP50Ms).toBeLessThan(1.2 * drawn.firstContentP50Ms)
  expect(ours.firstContentP99Ms).toBeLessThan(1.6 * drawn.firstContentP99Ms)
  expect(ours.refusedShare).toBe(drawn.refusedShare)
})

describe('a prefix cache', () => {
  const piece = (name: string) => ({ name, tokens: 10 })

  test('finds the longest beginning that it has', () => {
    const cache = makePrefixCache(100)
    cache.keep([piece('a'), piece('b')])
    expect(cache.match([piece('a'), piece('b'), piece('c')])).toBe(20)
    expect(cache.match([piece('a'), piece('x'), piece('b')])).toBe(10)
    expect(cache.match([piece('b')])).toBe(10)
  })

  test('forgets what was used longest ago, ends before their beginnings', () => {
    const cache = makePrefixCache(30)
    cache.keep([piece('a'), piece('b')])
    cache.keep([piece('c'), piece('d')])
    expect(cache.match([piece('a'), piece('b')])).toBe(10)
    expect(cache.match([piece('c'), piece('d')])).toBe(20)
  })
})
