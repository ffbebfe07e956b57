import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Grace, Steadiness } from '../../src/fleet/node.ts'
import { beatsToServe, isCovered, steadinessAfter } from '../../src/fleet/steadiness.ts'

const startMs = Date.UTC(2026, 10, 21)
const second = 1_000
const minute = 60 * second

type Beaten = { readonly beatAtMs: number; readonly steadiness: Steadiness }

const beat = (before: Beaten | undefined, nowMs: number, grace?: Grace): Beaten => ({
  beatAtMs: nowMs,
  steadiness: steadinessAfter(before, { nowMs, grace, silenceMsMax: minute }),
})

/** The first beat ever, then one after each pause. */
function beating(pausesMs: readonly number[], grace?: Grace): Beaten {
  return pausesMs.reduce(
    (before, pauseMs) => beat(before, before.beatAtMs + pauseMs, grace),
    beat(undefined, startMs),
  )
}

const flap = [90 * second, 15 * second]
const flaps = (times: number) => Array.from({ length: times }, () => flap).flat()
const coolMsOf = ({ beatAtMs, steadiness }: Beaten) => steadiness.coolUntilMs - beatAtMs

describe('a node that beats', () => {
  test('begins with its first beat, and counts to the two that it needs', () => {
    expect(beating([]).steadiness).toEqual({
      returnedAtMs: startMs,
      beats: 1,
      returnsAtMs: [],
      coolUntilMs: 0,
      coolMs: 0,
    })
    expect(beating([15 * second]).steadiness.beats).toBe(beatsToServe)
    expect(beating([15 * second, 15 * second, 15 * second]).steadiness.beats).toBe(beatsToServe)
  })

  test('is steady through silences up to the bound, to the millisecond', () => {
    expect(beating([minute, minute]).steadiness.returnsAtMs).toEqual([])
    const { steadiness } = beating([15 * second, minute + 1])
    expect(steadiness).toMatchObject({ beats: 1, returnedAtMs: startMs + 75 * second + 1 })
    expect(steadiness.returnsAtMs).toEqual([startMs + 75 * second + 1])
  })

  test('may be silent for longer where it is asked to beat less often', () => {
    const before = beating([15 * second])
    const nowMs = before.beatAtMs + 66 * second
    const arrival = { nowMs, grace: undefined, silenceMsMax: 150 * second }
    expect(steadinessAfter(before, arrival)).toEqual(before.steadiness)
  })
})

describe('a node that comes and goes', () => {
  test('is not cooled down by two returns, nor by three that are spread out', () => {
    expect(beating(flaps(2)).steadiness).toMatchObject({ coolUntilMs: 0, coolMs: 0 })
    const spread = beating([5 * minute, 5 * minute, 5 * minute, 5 * minute])
    expect(spread.steadiness).toMatchObject({ coolUntilMs: 0, coolMs: 0 })
  })

  test('rests two minutes at the third return within ten minutes, then starts to count anew', () => {
    const third = beating([...flaps(2), 90 * second])
    expect(third.steadiness).toMatchObject({ beats: 1, returnsAtMs: [], coolMs: 2 * minute })
    expect(coolMsOf(third)).toBe(2 * minute)
  })

  test('rests twice as long each time it relapses, thirty minutes at most', () => {
    const rests = [3, 6, 9, 12, 15, 18].map((times) => beating(flaps(times)).steadiness.coolMs)
    expect(rests.map((coolMs) => coolMs / minute)).toEqual([2, 4, 8, 16, 30, 30])
  })

  test('begins again at two minutes once it was steady for half an hour', () => {
    const steady = Array.from({ length: 28 * 4 }, () => 15 * second)
    expect(beating([...flaps(6), ...steady, ...flaps(3)]).steadiness.coolMs).toBe(8 * minute)
    const longer = Array.from({ length: 35 * 4 }, () => 15 * second)
    expect(beating([...flaps(6), ...longer, ...flaps(3)]).steadiness.coolMs).toBe(2 * minute)
  })
})

describe('a silence that falls into our own outage', () => {
  const grace: Grace = { fromMs: startMs + minute, untilMs: startMs + 6 * minute }

  test.each([
    ['ends within the grace', 3 * minute, true],
    ['ends a minute after the grace', 7 * minute, true],
    ['ends later than that', 7 * minute + 1, false],
  ])('and %s is excused: %s', (_, pauseMs, isExcused) => {
    const { steadiness } = beating([0, pauseMs], grace)
    expect(steadiness.returnsAtMs.length === 0).toBe(isExcused)
    expect(steadiness.beats).toBe(isExcused ? 2 : 1)
  })

  test('covers whoever was fresh when it began, and nobody who was stale already', () => {
    expect(isCovered(grace.fromMs - minute, grace)).toBe(true)
    expect(isCovered(grace.fromMs - minute - 1, grace)).toBe(false)
    const stale = beat(undefined, startMs - 1)
    expect(beat(stale, startMs + 3 * minute, grace).steadiness.returnsAtMs).toHaveLength(1)
  })
})

describe('whatever the pauses', () => {
  const pauses = fc.array(fc.integer({ min: 1, max: 20 * minute }), { maxLength: 60 })

  test('a rest is at most thirty minutes from the beat that began it, and so is its length', () => {
    fc.assert(
      fc.property(pauses, (pausesMs) => {
        const { beatAtMs, steadiness } = beating(pausesMs)
        expect(steadiness.coolUntilMs).toBeLessThanOrEqual(beatAtMs + 30 * minute)
        expect([0, 2, 4, 8, 16, 30]).toContain(steadiness.coolMs / minute)
        expect(steadiness.returnsAtMs.length).toBeLessThan(3)
      }),
    )
  })

  test('no node is lost: thirty minutes of steady beats bring each back', () => {
    const steady = Array.from({ length: 30 * 4 + 1 }, () => 15 * second)
    fc.assert(
      fc.property(pauses, (pausesMs) => {
        const { beatAtMs, steadiness } = beating([...pausesMs, ...steady])
        expect(steadiness.beats).toBe(beatsToServe)
        expect(steadiness.coolUntilMs).toBeLessThanOrEqual(beatAtMs)
      }),
    )
  })

  test('one silence inside a grace changes nothing but the count of beats', () => {
    const inside = fc.integer({ min: 1, max: 5 * minute })
    fc.assert(
      fc.property(pauses, inside, (pausesMs, silenceMs) => {
        const before = beating(pausesMs)
        const grace = { fromMs: before.beatAtMs, untilMs: before.beatAtMs + 5 * minute }
        const excused = beat(before, before.beatAtMs + silenceMs, grace)
        expect(excused.steadiness).toEqual({ ...before.steadiness, beats: beatsToServe })
      }),
    )
  })
})
