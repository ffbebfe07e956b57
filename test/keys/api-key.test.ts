import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { ids } from '../../src/adapters/system.ts'
import { bearerToken, hashKey, makeKey, type Peppers } from '../../src/keys/api-key.ts'

const first = Buffer.alloc(32, 1)
const second = Buffer.alloc(32, 2)
const peppers: Peppers = {
  current: 'p2',
  byId: new Map([
    ['p1', first],
    ['p2', second],
  ]),
}
const secret = 'A'.repeat(43)

describe('a new key', () => {
  test('names its kind and the current pepper, and has 256 bits of its own', () => {
    expect(makeKey('sk-b3iq', peppers, ids)).toMatch(/^sk-b3iq-p2-[A-Za-z0-9_-]{43}$/)
    expect(makeKey('op-b3iq', peppers, ids)).toMatch(/^op-b3iq-p2-[A-Za-z0-9_-]{43}$/)
    const made = Array.from({ length: 100 }, () => makeKey('sk-b3iq', peppers, ids))
    expect(new Set(made).size).toBe(100)
  })

  test('hashes under the pepper that it names', () => {
    const key = makeKey('sk-b3iq', peppers, ids)
    expect(hashKey(key, 'sk-b3iq', peppers)).toBe(
      createHmac('sha256', second).update(key).digest('base64url'),
    )
  })
})

describe('the hash of a key', () => {
  test('is its HMAC, unlike that of any other', () => {
    const key = `sk-b3iq-p1-${secret}`
    const hash = hashKey(key, 'sk-b3iq', peppers)
    expect(hash).toBe(createHmac('sha256', first).update(key).digest('base64url'))
    expect(hashKey(`sk-b3iq-p2-${secret}`, 'sk-b3iq', peppers)).not.toBe(hash)
  })

  test('stays the same when a new pepper takes over', () => {
    const key = `sk-b3iq-p1-${secret}`
    const before = { current: 'p1', byId: new Map([['p1', first]]) }
    expect(hashKey(key, 'sk-b3iq', peppers)).toBe(hashKey(key, 'sk-b3iq', before))
  })

  test.each([
    ['another kind', `op-b3iq-p1-${secret}`],
    ['a pepper that nobody knows', `sk-b3iq-p3-${secret}`],
    ['no pepper', `sk-b3iq-${secret}`],
    ['a secret too short', `sk-b3iq-p1-${secret.slice(1)}`],
    ['a secret too long', `sk-b3iq-p1-${secret}A`],
    ['other characters', `sk-b3iq-p1-${secret.slice(1)}=`],
    ['something before it', ` sk-b3iq-p1-${secret}`],
    ['something behind it', `sk-b3iq-p1-${secret}\n`],
    ['another maker', `sk-proj-p1-${secret}`],
    ['nothing at all', ''],
  ])('is none for %s', (_, key) => {
    expect(hashKey(key, 'sk-b3iq', peppers)).toBeUndefined()
  })
})

describe('a bearer token', () => {
  test.each([
    ['Bearer abc', 'abc'],
    ['bearer abc', 'abc'],
    ['Bearer   abc', 'abc'],
    [`Bearer ${'x'.repeat(256)}`, 'x'.repeat(256)],
  ])('is read from %j', (header, token) => {
    expect(bearerToken(header)).toBe(token)
  })

  test.each([
    undefined,
    '',
    'abc',
    'Bearer',
    'Bearer ',
    'Basic abc',
    'Bearer a b',
    'Bearer grüße',
    'xBearer abc',
    `Bearer ${'x'.repeat(257)}`,
  ])('is not in %j', (header) => {
    expect(bearerToken(header)).toBeUndefined()
  })
})
