import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  packReceipt,
  unpackReceipt,
} from '../../../../src/adapters/dynamodb/items/packed-receipt.ts'
import { largeReceipt, usualReceipt } from '../../../support/sized-receipts.ts'

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const anyText = (encoding: 'hex' | 'base64url', size: number) =>
  fc
    .uint8Array({ minLength: size, maxLength: size })
    .map((bytes) => Buffer.from(bytes).toString(encoding))

describe('what is packed comes back', () => {
  test.each([
    ['nothing', ''],
    ['an empty object', '{}'],
    ['words', JSON.stringify({ body: 'ü'.repeat(1_000) })],
    ['control characters, which JSON escapes', JSON.stringify({ a: '\u0001\u0015\u001a\n\u0000' })],
    ['a usual receipt', JSON.stringify(usualReceipt())],
    ['a large receipt', JSON.stringify(largeReceipt())],
    ['a text that looks like a hash and is longer', JSON.stringify({ a: 'ab'.repeat(33) })],
    ['a text that no bytes encode to', JSON.stringify({ a: 'B'.repeat(43), b: '_'.repeat(86) })],
    ['a hash in capitals', JSON.stringify({ a: 'AB'.repeat(32) })],
  ])('%s', (_, text) => {
    expect(unpackReceipt(packReceipt(text))).toBe(text)
  })

  test('more hashes, keys and signatures than are lifted out, some of them twice', () => {
    const value = fc.oneof(anyText('hex', 32), anyText('base64url', 32), anyText('base64url', 64))
    const values = fc.array(value, { maxLength: 60 })
    fc.assert(
      fc.property(values, fc.string(), (some, word) => {
        const text = JSON.stringify([...some, word, ...some.slice(0, 5), `sha256:${some[0] ?? ''}`])
        expect(unpackReceipt(packReceipt(text))).toBe(text)
      }),
    )
  })
})

test('a text that is no JSON is a bug', () => {
  expect(() => packReceipt('{\n}')).toThrow('no control characters')
})

describe('what an earlier release packed stays readable', () => {
  test('with the first dictionary, whole as it was', () => {
    const packed = Buffer.from('AVMarcNG67DROmy0Dhutw0brsCFahwEA', 'base64')
    const digest = '98256f49da730db90ba279435ffd94c4d8b3423f69e76503be65188ba8ace86f'
    expect(sha256(unpackReceipt(packed))).toBe(digest)
  })

  test('with the second one, and its lifted values', () => {
    const digest = 'c18fe14bb36bc8cdb34c82ee7570f2f10ca6a283001f42a83b1b4274ed2f0583'
    const sizes = [32, 32, 32, 32, 32, 32, 32, 64, 64, 32]
    const values = sizes.map((size, index) => Buffer.alloc(size, index))
    const text = Buffer.from('531aadcf46ebb3d1fa6cb43e1badcf46ebb361509f0100', 'hex')
    const packed = Buffer.concat([Buffer.of(2, 7, 2, 1), ...values, text])
    expect(sha256(unpackReceipt(packed))).toBe(digest)
  })
})

describe('a damaged receipt is told from a sound one', () => {
  const packed = () => packReceipt(JSON.stringify(usualReceipt()))

  test('by a dictionary that does not exist, which is named', () => {
    const damaged = packed()
    damaged[0] = 99
    expect(() => unpackReceipt(damaged)).toThrow(/names its dictionary.*99/)
  })

  test('by more values than there may be', () => {
    const damaged = packed()
    damaged[1] = 21
    expect(() => unpackReceipt(damaged)).toThrow('as many values as fit')
  })

  test('by values that are cut off', () => {
    expect(() => unpackReceipt(packed().subarray(0, 100))).toThrow('has all of its values')
  })

  test('by a mark without its value', () => {
    const sound = packReceipt(JSON.stringify({ hash: sha256('') }))
    const damaged = Buffer.concat([Buffer.of(2, 0, 0, 0), sound.subarray(4 + 32)])
    expect(() => unpackReceipt(damaged)).toThrow('has its value')
  })
})
