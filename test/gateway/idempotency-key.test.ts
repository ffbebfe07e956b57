import { describe, expect, test } from 'vitest'
import { type ClaimTerms, claimOf } from '../../src/gateway/idempotency-key.ts'

const dayMs = 24 * 60 * 60_000
const terms: ClaimTerms = {
  accountId: 'acct_1',
  path: '/v1/chat/completions',
  bodySha256: 'a'.repeat(64),
  nowMs: 1_000,
  secret: Buffer.alloc(32, 1),
}

function claim(key: string, changes: Partial<ClaimTerms> = {}) {
  const result = claimOf(new Headers({ 'idempotency-key': key }), { ...terms, ...changes })
  if (!result.ok || !result.value) throw new Error('no claim was made')
  return result.value
}

describe('an idempotency key', () => {
  test('is no claim where it is not sent', () => {
    expect(claimOf(new Headers(), terms)).toEqual({ ok: true, value: undefined })
  })

  test('makes the same claim again, for a day from then on', () => {
    expect(claim('order')).toEqual(claim('order'))
    const { claimHash, fingerprint } = claim('order')
    expect(claim('order', { nowMs: 1_000 + dayMs })).toEqual({
      claimHash,
      fingerprint,
      nowSec: 1 + dayMs / 1000,
      expiresAtSec: 1 + (2 * dayMs) / 1000,
    })
  })

  test.each([
    ['account', { accountId: 'acct_2' }],
    ['endpoint', { path: '/v1/completions' }],
    ['secret', { secret: Buffer.alloc(32, 2) }],
  ])('of another %s is another claim', (_, changes) => {
    expect(claim('order', changes).claimHash).not.toBe(claim('order').claimHash)
  })

  test('names its claim, and the body its fingerprint', () => {
    const [one, otherKey] = [claim('order'), claim('other')]
    expect(otherKey.claimHash).not.toBe(one.claimHash)
    expect(otherKey.fingerprint).toBe(one.fingerprint)
    const otherBody = claim('order', { bodySha256: 'b'.repeat(64) })
    expect(otherBody.claimHash).toBe(one.claimHash)
    expect(otherBody.fingerprint).not.toBe(one.fingerprint)
  })

  test('cannot be guessed from its hash without the secret', () => {
    // As a plain hash would be alike for all stages, one from outside could be compared with it.
    const hashes = [0, 1, 2].map((fill) => claim('order', { secret: Buffer.alloc(32, fill) }))
    expect(new Set(hashes.map(({ fingerprint }) => fingerprint)).size).toBe(3)
  })
})
