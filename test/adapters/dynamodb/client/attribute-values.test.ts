// What is stored is what the SDK would store, and what is read is what it would read.
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readItem, writeItem } from '../../../../src/adapters/dynamodb/client/attribute-values.ts'

const text = fc.string({ unit: 'grapheme', maxLength: 20 })
const number = fc.oneof(fc.maxSafeInteger(), fc.double({ noNaN: true, min: -1e9, max: 1e9 }))
const bytes = fc.uint8Array({ maxLength: 40 })
const set = fc
  .oneof(
    fc.uniqueArray(text, { minLength: 1, maxLength: 5 }),
    fc.uniqueArray(fc.maxSafeInteger(), { minLength: 1, maxLength: 5 }),
    fc.uniqueArray(fc.bigInt(), { minLength: 1, maxLength: 5 }),
    fc.array(bytes, { minLength: 1, maxLength: 5 }),
  )
  .map((members) => new Set<unknown>(members))
/** `__proto__` is no key that the SDK can read back. */
const name = text.filter((one) => one !== '__proto__')

const { item } = fc.letrec<{ value: unknown; item: Record<string, unknown> }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    text,
    number,
    fc.bigInt(),
    fc.boolean(),
    fc.constantFrom(null, undefined),
    bytes,
    set,
    fc.array(tie('value'), { maxLength: 5 }),
    tie('item'),
  ),
  item: fc.dictionary(name, tie('value'), { maxKeys: 6, noNullPrototype: true }),
}))

/** On the wire bytes are base64. */
const onTheWire = (attribute: unknown): unknown =>
  JSON.parse(
    JSON.stringify(attribute, (_, value) =>
      value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value,
    ),
  )

describe('an item', () => {
  test('is written as the SDK writes it', () => {
    fc.assert(
      fc.property(item, (one) => {
        const bySdk = marshall(one, { removeUndefinedValues: true })
        expect(JSON.parse(writeItem(one))).toEqual(onTheWire(bySdk))
      }),
    )
  })

  test('is read as the SDK reads it, with numbers as digits', () => {
    fc.assert(
      fc.property(item, (one) => {
        const bySdk = marshall(one, { removeUndefinedValues: true })
        const read = unmarshall(bySdk, { wrapNumbers: (digits) => digits })
        expect(readItem(onTheWire(bySdk))).toEqual(read)
      }),
    )
  })

  test('may have a field of any name', () => {
    const stored = JSON.parse('{"__proto__":{"M":{"__proto__":{"S":"x"}}}}')
    expect(writeItem(readItem(stored))).toBe(JSON.stringify(stored))
  })
})

describe('nothing is stored that would come back as something else', () => {
  const deep = (levels: number): unknown => (levels === 0 ? 'x' : [deep(levels - 1)])

  test.each<[string, unknown]>([
    ['no number', Number.NaN],
    ['an infinite one', Number.POSITIVE_INFINITY],
    ['one that is not exact', Number.MAX_SAFE_INTEGER + 1],
    ['a date', new Date(0)],
    ['a map', new Map([['a', 1]])],
    ['a function', () => 1],
    ['a symbol', Symbol('a')],
    ['an empty set', new Set()],
    ['a set of two kinds', new Set(['a', 1])],
    ['a set of maps', new Set([{ a: 1 }])],
    ['bytes by another name', new Uint16Array(2)],
    ['a list in 33 lists', deep(33)],
  ])('%s', (_, value) => {
    expect(() => writeItem({ value })).toThrow(/^(what is stored|a stored number)/)
  })

  test('though lists may be nested as deep as DynamoDB takes them', () => {
    expect(writeItem({ value: deep(32) })).toContain('"x"')
  })
})

test.each([
  ['no object', 'text'],
  ['no value', { a: {} }],
  ['a type that there is not', { a: { X: '1' } }],
  ['a list that is none', { a: { L: {} } }],
])('an item with %s is not read', (_, one) => {
  expect(() => readItem(one)).toThrow()
})
