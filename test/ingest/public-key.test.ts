import { ed25519 } from '@noble/curves/ed25519.js'
import { describe, expect, test } from 'vitest'
import { isSoundPublicKey } from '../../src/ingest/public-key.ts'
import { generatePrivateKey, PublicKey } from '../../src/protocol/ed25519.ts'

const fromHex = (hex: string) => Buffer.from(hex, 'hex').toString('base64url')
const { Point } = ed25519
const torsionHex = '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'

test('a fresh key is sound', () => {
  expect(isSoundPublicKey(generatePrivateKey().x)).toBe(true)
})

describe('a key that proves nothing is refused', () => {
  test.each([
    ['the identity', `01${'00'.repeat(31)}`],
    ['a point of order 2', `ec${'ff'.repeat(30)}7f`],
    ['a point of order 4', '00'.repeat(32)],
    ['a point of order 8', torsionHex],
    ['a coordinate not below the prime', `ee${'ff'.repeat(30)}7f`],
    ['no point of the curve', `02${'00'.repeat(31)}`],
    ['all ones', 'ff'.repeat(32)],
  ])('%s', (_, hex) => {
    const key = fromHex(hex)
    expect(PublicKey.safeParse(key).success).toBe(true)
    expect(isSoundPublicKey(key)).toBe(false)
  })

  test('a sound key with a small-order part mixed in', () => {
    const mixed = Point.BASE.add(Point.fromHex(torsionHex))
    expect(isSoundPublicKey(fromHex(mixed.toHex()))).toBe(false)
  })
})

test('a second spelling of a sound key is refused', () => {
  const key = generatePrivateKey().x
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const last = alphabet.indexOf(key.slice(-1))
  // The last digit has two bits to spare; a decoder drops them.
  const other = `${key.slice(0, -1)}${alphabet.charAt(last + 1)}`
  expect(Buffer.from(other, 'base64url')).toEqual(Buffer.from(key, 'base64url'))
  expect(isSoundPublicKey(other)).toBe(false)
})
