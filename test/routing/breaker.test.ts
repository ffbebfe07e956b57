import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Breaker } from '../../src/fleet/node.ts'
import { type AttemptEnd, afterFailure, countsAgainst, stateOf } from '../../src/routing/breaker.ts'

const nowMs = Date.UTC(2026, 10, 21, 5, 10)
const second = 1_000
const minute = 60 * second
const hour = 60 * minute

/** The breaker as failures at these times leave it. */
const failedAt = (...timesMs: readonly number[]): Breaker | undefined =>
  timesMs.reduce<Breaker | undefined>(failed, undefined)

function failed(breaker: Breaker | undefined, atMs: number): Breaker | undefined {
  const after = afterFailure(breaker, { nowMs: atMs, startedAtMs: atMs })
  switch (after.kind) {
    case 'unchanged':
      return breaker
    case 'counted':
      return { ...after.in, failures: after.in.failures + 1 }
    case 'replaced':
      return after.by
  }
}

const everySecond = (count: number, fromMs = nowMs) =>
  Array.from({ length: count }, (_, index) => fromMs + index * second)

const opened = failedAt(...everySecond(5))
const openedAtMs = nowMs + 4 * second

describe('a breaker', () => {
  test('is closed where nothing failed', () => {
    expect(stateOf(undefined, nowMs)).toBe('closed')
  })

  test.each([1, 2, 3, 4])('is closed after %i failures', (count) => {
    const breaker = failedAt(...everySecond(count))
    expect(breaker).toMatchObject({ failures: count, fromMs: nowMs, opens: 0 })
    expect(stateOf(breaker, nowMs + count * second)).toBe('closed')
  })

  test('opens with the fifth within a minute, for 30 s, and is half-open from then on', () => {
    expect(opened).toMatchObject({
      failures: 5,
      fromMs: nowMs,
      openUntilMs: openedAtMs + 30 * second,
      opens: 1,
      trialUntilMs: 0,
    })
    expect(stateOf(opened, openedAtMs)).toBe('open')
    expect(stateOf(opened, openedAtMs + 30 * second - 1)).toBe('open')
    expect(stateOf(opened, openedAtMs + 30 * second)).toBe('half_open')
    expect(stateOf(opened, openedAtMs + 59 * minute)).toBe('half_open')
  })

  test('counts anew a minute after the first failure of the window', () => {
    const four = everySecond(4)
    expect(failedAt(...four, nowMs + minute - 1)?.opens).toBe(1)
    expect(failedAt(...four, nowMs + minute)).toMatchObject({
      failures: 1,
      fromMs: nowMs + minute,
      opens: 0,
    })
  })

  test('takes a failure told by a clock that lags behind for one of the window', () => {
    expect(failedAt(nowMs, nowMs - second)).toMatchObject({ failures: 2, fromMs: nowMs })
    expect(failedAt(nowMs, nowMs - minute)).toMatchObject({ failures: 1, fromMs: nowMs })
  })

  test('that is open hears nothing new from requests that were sent before', () => {
    expect(
      afterFailure(opened, { nowMs: openedAtMs + second, startedAtMs: openedAtMs + second }),
    ).toEqual({ kind: 'unchanged' })
  })

  test('takes what one reset breaks for one failure, however many streams ran', () => {
    const older = (atMs: number) => ({ nowMs: atMs, startedAtMs: nowMs - 20 * second })
    const unchanged = { kind: 'unchanged' }
    expect(afterFailure(failedAt(nowMs), older(nowMs + 50))).toEqual(unchanged)
    expect(afterFailure(failedAt(...everySecond(4)), older(nowMs + 5 * second))).toEqual(unchanged)
    // One from before it opened that breaks while it is half-open.
    expect(afterFailure(opened, older(openedAtMs + 31 * second))).toEqual(unchanged)
  })

  test('that is half-open opens again with one failure, whoever is trying', () => {
    const atMs = openedAtMs + 31 * second
    const tried = opened && { ...opened, trialUntilMs: atMs + second }
    for (const halfOpen of [opened, tried]) {
      const again = failed(halfOpen, atMs)
      expect(again).toMatchObject({ failures: 1, fromMs: atMs, opens: 2, trialUntilMs: 0 })
      expect(stateOf(again, atMs)).toBe('open')
    }
  })

  test('opens for twice as long after each trial that failed, and for 10 minutes at most', () => {
    let breaker = opened
    const openSec: number[] = []
    for (let trial = 0; trial < 8; trial += 1) {
      const atMs = breaker?.openUntilMs ?? 0
      breaker = failed(breaker, atMs)
      openSec.push(((breaker?.openUntilMs ?? 0) - atMs) / second)
    }
    expect(openSec).toEqual([60, 120, 240, 480, 600, 600, 600, 600])
  })

  test('never opens for longer, however often it did', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), (opens) => {
        const halfOpen = { failures: 1, fromMs: 0, openUntilMs: nowMs, opens, trialUntilMs: 0 }
        const openMs = (failed(halfOpen, nowMs)?.openUntilMs ?? 0) - nowMs
        expect(openMs).toBeGreaterThan(30 * second)
        expect(openMs).toBeLessThanOrEqual(10 * minute)
      }),
    )
  })

  test('is forgotten an hour after its last news, and then begins as at first', () => {
    const freeMs = openedAtMs + 30 * second
    expect(stateOf(opened, freeMs + hour - 1)).toBe('half_open')
    expect(stateOf(opened, freeMs + hour)).toBe('closed')
    expect(failed(opened, freeMs + hour)).toMatchObject({ failures: 1, opens: 0, openUntilMs: 0 })
    const tried = opened && { ...opened, trialUntilMs: freeMs + minute }
    expect(stateOf(tried, freeMs + hour)).toBe('half_open')
  })

  test('has one state at a time, whatever failed and whenever', () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 20 * minute }), { maxLength: 40 })
    fc.assert(
      fc.property(gaps, (all) => {
        let atMs = nowMs
        let breaker: Breaker | undefined
        for (const gapMs of all) {
          atMs += gapMs
          const before = stateOf(breaker, atMs)
          breaker = failed(breaker, atMs)
          const after = stateOf(breaker, atMs)
          if (before !== 'closed') expect(after).toBe('open')
          if (after === 'open') expect(breaker?.openUntilMs).toBeLessThanOrEqual(atMs + 10 * minute)
          else expect(breaker?.failures).toBeLessThan(5)
        }
      }),
    )
  })
})

describe('against its host counts', () => {
  test.each<AttemptEnd>([
    'refused',
    'no_proof',
    'connect_failed',
    'timed_out',
    'cut',
    'host_error',
  ])('%s', (end) => {
    expect(countsAgainst(end)).toBe(true)
  })

  test.each<AttemptEnd>(['finished', 'busy', 'stale_route', 'aborted'])('not %s', (end) => {
    expect(countsAgainst(end)).toBe(false)
  })
})
