import { describe, expect, test } from 'vitest'
import { boundedObject, isWithin, mayBeWithin } from '../../src/protocol/bounded-json.ts'

const nested = (levels: number): unknown =>
  levels === 1 ? {} : Array.from({ length: 1 }, () => nested(levels - 1))

describe('JSON is within its bounds', () => {
  test.each([
    ['as deep as it may be', nested(3), true],
    ['one level deeper', nested(4), false],
    ['texts and numbers in the last level', { a: [{ b: 'x', c: 1, d: null }] }, true],
    ['as many values as it may have', [1, 2, 3, 4, 5, 6, 7], true],
    ['one value more', [1, 2, 3, 4, 5, 6, 7, 8], false],
    ['the same, spread over levels', { a: [1, 2, 3], b: [4, 5, 6] }, false],
    ['no more than a text', 'x'.repeat(10_000), true],
  ])('%s', (_, value, expected) => {
    expect(isWithin(value, { depthMax: 3, valuesMax: 8 })).toBe(expected)
  })

  test('however deep it is: what would overflow the stack is only refused', () => {
    const deep: unknown = JSON.parse(`${'['.repeat(200_000)}${']'.repeat(200_000)}`)
    expect(() => JSON.stringify(deep)).toThrow(RangeError)
    expect(isWithin(deep, { depthMax: 64, valuesMax: 1_000_000 })).toBe(false)
  })
})

test('a bounded object is an object, and tells its bounds when it is not within them', () => {
  const schema = boundedObject({ depthMax: 2, valuesMax: 4 })
  expect(schema.safeParse({ a: { b: 1 } }).success).toBe(true)
  expect(schema.safeParse([]).success).toBe(false)
  expect(schema.safeParse({ a: { b: { c: 1 } } }).error?.issues[0]?.message).toBe(
    'it must have at most 4 values in 2 levels',
  )
})

test('too many values are told before they are parsed, and no fewer are held to be too many', () => {
  const of = (value: unknown) => mayBeWithin(Buffer.from(JSON.stringify(value)), { valuesMax: 8 })
  expect(of([1, 2, 3, 4, 5, 6, 7, 8])).toBe(true)
  expect(of({ a: [1, 2, 3], b: [4, 5, 6] })).toBe(true)
  expect(of(Array(9).fill({}))).toBe(false)
})
