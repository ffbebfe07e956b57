import { describe, expect, test } from 'vitest'
import {
  type ChangeClaim,
  changeClaimOf,
  judgeClaim,
  type StoredChange,
} from '../../src/audit/claim.ts'

const nowMs = 1_763_700_000_000
const secret = Buffer.alloc(32, 1)
const change = { operatorKeyId: 'key_1', route: 'POST /x', path: '/x', body: { a: 1, b: 2 } }

const claim = (key = 'once', changes: object = {}): ChangeClaim => {
  const made = changeClaimOf(key, { ...change, ...changes }, { nowMs, secret })
  if (!made.ok || !made.value) throw new Error('a claim')
  return made.value
}
const stored = (changes: Partial<StoredChange> = {}): StoredChange => ({
  fingerprint: claim().fingerprint,
  auditId: 'audit_1',
  begunAtMs: nowMs,
  end: undefined,
  ...changes,
})

describe('a claim', () => {
  test('is not made without a key', () => {
    expect(changeClaimOf(undefined, change, { nowMs, secret })).toEqual({
      ok: true,
      value: undefined,
    })
  })

  test.each(['', 'k'.repeat(256)])('is refused for a key of a wrong length', (key) => {
    expect(changeClaimOf(key, change, { nowMs, secret })).toMatchObject({
      error: { code: 'invalid_value', param: 'Idempotency-Key' },
    })
  })

  test('is its operator’s own, and tells neither key nor body', () => {
    expect(claim().claimHash).not.toBe(claim('once', { operatorKeyId: 'key_2' }).claimHash)
    expect(claim().claimHash).toBe(claim('once', { body: {} }).claimHash)
    expect(JSON.stringify(claim())).not.toContain('once')
  })

  test.each([{ route: 'POST /y' }, { path: '/y' }, { body: { a: 1, b: 3 } }])(
    'stands for its route, path and body: not for %j',
    (other) => {
      expect(claim('once', other).fingerprint).not.toBe(claim().fingerprint)
    },
  )

  test('stands for the body whatever the order of its fields', () => {
    expect(claim('once', { body: { b: 2, a: 1 } }).fingerprint).toBe(claim().fingerprint)
  })
})

describe('a change that was sent before', () => {
  const reply = { ok: true, value: { id: 'acct_1' } } as const
  const inProgress = { kind: 'refused', refusal: { error: { code: 'idempotency_in_progress' } } }
  const takeOver = { kind: 'take_over', claim: { ...claim(), replaces: 'audit_1' } }

  test.each([
    ['ended', stored({ end: { kind: 'replied', reply } }), false, { kind: 'reply', reply }],
    ['runs', stored({ begunAtMs: nowMs - 59_999 }), true, inProgress],
    ['changed nothing', stored({ end: { kind: 'unchanged' } }), false, takeOver],
    ['is lost, and may be repeated', stored({ begunAtMs: nowMs - 60_000 }), true, takeOver],
    ['is lost, and may not', stored({ begunAtMs: nowMs - 60_000 }), false, inProgress],
    ['ended nobody knows how', stored({ end: { kind: 'unknown' } }), true, takeOver],
    ['ended so, and may not', stored({ end: { kind: 'unknown' } }), false, inProgress],
  ])('and %s', (_, before, isRepeatable, expected) => {
    expect(judgeClaim(claim(), before, { isRepeatable })).toMatchObject(expected)
  })

  test('names the record of the first, and says whether waiting helps', () => {
    const running = judgeClaim(claim(), stored(), { isRepeatable: false })
    expect(running).toMatchObject({ refusal: { error: { retryAfterSec: 5 } } })
    const lost = stored({ begunAtMs: 0 })
    expect(judgeClaim(claim(), lost, { isRepeatable: false })).toMatchObject({
      refusal: { error: { retryable: false, detail: { audit_id: 'audit_1' } } },
    })
  })

  test('with another body is refused, however the first ended', () => {
    const other = claim('once', { body: {} })
    expect(judgeClaim(other, stored(), { isRepeatable: true })).toMatchObject({
      kind: 'refused',
      refusal: { error: { code: 'idempotency_key_reused' } },
    })
  })
})
