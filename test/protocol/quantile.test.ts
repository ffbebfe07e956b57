import { expect, test } from 'vitest'
import { quantile } from '../../src/protocol/quantile.ts'

test.each([
  [0, 1],
  [0.05, 1],
  [0.5, 10],
  [0.95, 19],
  [1, 20],
])('the quantile %d of 1 to 20 is %d', (share, expected) => {
  const values = Array.from({ length: 20 }, (_, at) => 20 - at)
  expect(quantile(values, share)).toBe(expected)
})

test.each([
  [[7], 7],
  [[3, 1, 2], 2],
  [[4, 1, 3, 2], 2],
  [[10, 9, 100], 10],
])('the middle of %j is %d, the lower one of two', (values, expected) => {
  const given = [...values]
  expect(quantile(given, 0.5)).toBe(expected)
  expect(given).toEqual(values)
})

test('of nothing there is none', () => {
  expect(quantile([], 0.5)).toBeUndefined()
})
