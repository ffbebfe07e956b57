import fc from 'fast-check'
import { expect, test } from 'vitest'
import { makeLogHistogram } from '../../src/fleet/log-histogram.ts'

function histogramOf(values: readonly number[]) {
  const histogram = makeLogHistogram()
  for (const value of values) histogram.add(value)
  return histogram
}

test('without values every quantile is 0', () => {
  expect(makeLogHistogram().quantile(0.5)).toBe(0)
})

test('values that are all alike are told exactly', () => {
  expect(histogramOf([50, 50, 50]).quantile(0.95)).toBe(50)
  expect(histogramOf([0, 0]).quantile(0.5)).toBe(0)
})

test('a quantile is within 1 % of the value that sorting finds', () => {
  const measure = fc.double({ min: 0.01, max: 1e6, noNaN: true })
  const values = fc.array(measure, { minLength: 1, maxLength: 200 })
  fc.assert(
    fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), (all, share) => {
      const sorted = all.toSorted((one, other) => one - other)
      const exact = sorted[Math.max(1, Math.ceil(share * all.length)) - 1] ?? 0
      expect(Math.abs(histogramOf(all).quantile(share) / exact - 1)).toBeLessThan(0.01)
    }),
  )
})

test.each([Number.NaN, -1, Number.POSITIVE_INFINITY])('%d is no measure', (value) => {
  expect(() => makeLogHistogram().add(value)).toThrow('a measure is a number')
})
