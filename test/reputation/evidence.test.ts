import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  dimensions,
  type Evidence,
  faded,
  lowerBound,
  noEvidence,
  withMore,
} from '../../src/reputation/evidence.ts'

const dayMs = 86_400_000
const seenOf = (good: number, bad: number, atMs = 0): Evidence => ({ good, bad, atMs })

describe('the lower bound', () => {
  test.each([
    [0, 0, 0],
    [1, 0, 0.27],
    [10, 0, 0.787],
    [50, 0, 0.949],
    [200, 0, 0.987],
    [1000, 0, 0.997],
    [0, 10, 0],
    [95, 5, 0.903],
  ])('of %d good and %d bad is %d', (good, bad, bound) => {
    expect(lowerBound({ good, bad })).toBeCloseTo(bound, 2)
  })

  const amount = fc.double({ min: 0, max: 1e6, noNaN: true })

  test('lies between 0 and the share that was seen', () => {
    fc.assert(
      fc.property(amount, amount, (good, bad) => {
        const bound = lowerBound({ good, bad })
        expect(bound).toBeGreaterThanOrEqual(0)
        expect(bound).toBeLessThanOrEqual(good + bad > 0 ? good / (good + bad) + 1e-9 : 0)
      }),
    )
  })

  test('never falls by something good, nor rises by something bad', () => {
    fc.assert(
      fc.property(amount, amount, fc.double({ min: 0.01, max: 10, noNaN: true }), (g, b, more) => {
        const before = lowerBound({ good: g, bad: b })
        expect(lowerBound({ good: g + more, bad: b })).toBeGreaterThanOrEqual(before - 1e-9)
        expect(lowerBound({ good: g, bad: b + more })).toBeLessThanOrEqual(before + 1e-9)
      }),
    )
  })
})

describe('evidence fades', () => {
  test.each([
    ['delivery', 14, 30],
    ['integrity', 90, 90],
    ['accounting', 14, 30],
  ] as const)('of %s: good by half in %d days, bad in %d', (dimension, goodDays, badDays) => {
    expect(faded(dimension, seenOf(8, 0), goodDays * dayMs).good).toBeCloseTo(4)
    expect(faded(dimension, seenOf(0, 8), badDays * dayMs).bad).toBeCloseTo(4)
  })

  test('not at all when a faster clock wrote it', () => {
    expect(faded('delivery', seenOf(8, 2, 1000), 0)).toEqual(seenOf(8, 2, 1000))
  })

  test('to the same in whatever order pages come', () => {
    const time = fc.integer({ min: 0, max: 400 * dayMs })
    const weight = fc.double({ min: 0, max: 100, noNaN: true })
    const page = fc.record({ good: weight, bad: weight, atMs: time })
    fc.assert(
      fc.property(fc.constantFrom(...dimensions), fc.array(page, { maxLength: 6 }), (by, pages) => {
        const add = (all: readonly Evidence[]) =>
          all.reduce((sum, one) => withMore(by, sum, one), noEvidence)
        const [there, back] = [add(pages), add(pages.toReversed())]
        expect(there.good).toBeCloseTo(back.good, 6)
        expect(there.bad).toBeCloseTo(back.bad, 6)
        expect(there.atMs).toBe(back.atMs)
      }),
    )
  })
})
