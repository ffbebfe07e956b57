import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalJson, domainHash, sha256Hex, taggedBytes } from '../../src/protocol/canonical.ts'

describe('canonical JSON', () => {
  test('is the example of RFC 8785', () => {
    const value = JSON.parse(String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`)
    expect(canonicalJson(value)).toBe(
      '{"literals":[null,true,false],' +
        '"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    )
  })

  test('sorts by UTF-16, as the RFC does', () => {
    const names = ['\u20ac', '\r', '\ufb33', '1', '\ud83d\ude00', '\u0080', '\u00f6']
    const value = Object.fromEntries(names.map((name) => [name, 0]))
    const sorted = [...canonicalJson(value).matchAll(/"((?:\\.|[^"])+)":0/g)].map(
      ([, name]) => name,
    )
    expect(sorted).toEqual(['\\r', '1', '\u0080', '\u00f6', '\u20ac', '\ud83d\ude00', '\ufb33'])
  })

  test('does not depend on the order in which a document was put together', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).toReversed())
        expect(canonicalJson(reversed)).toBe(canonicalJson(value))
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })

  test('is not made of what is no JSON', () => {
    expect(() => canonicalJson(undefined)).toThrow('canonical JSON needs a JSON value')
  })
})

describe('tagged bytes', () => {
  test('are the tag, a line feed, the document', () => {
    expect(taggedBytes('b3iq:claim:v1', { b: 1, a: 'é' }).toString('utf8')).toBe(
      'b3iq:claim:v1\n{"a":"é","b":1}',
    )
  })

  test('of one kind are never those of another', () => {
    expect(domainHash('b3iq:claim:v1', {})).not.toBe(domainHash('b3iq:receipt:v1', {}))
    expect(domainHash('b3iq:claim:v1', {})).toBe(sha256Hex('b3iq:claim:v1\n{}'))
  })
})

test('SHA-256 is in hex, of text and of bytes', () => {
  expect(sha256Hex('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  expect(sha256Hex('é')).toBe(sha256Hex(Buffer.from([0xc3, 0xa9])))
  expect(sha256Hex('é')).toBe(createHash('sha256').update('é', 'utf8').digest('hex'))
})
