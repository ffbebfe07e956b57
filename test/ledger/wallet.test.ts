import { describe, expect, test } from 'vitest'
import { assertWallet, type Hold, sweepBucketOf, type Wallet } from '../../src/ledger/wallet.ts'

const hold = (amount: bigint): Hold => ({
  amount,
  expiresAtSec: 1_800_000_000,
  nonce: 'nonce',
  priceVersion: 1,
  counted: undefined,
})

const sound: Wallet = {
  accountId: 'acct_1',
  status: 'active',
  available: 60n,
  held: 30n,
  spent: 10n,
  funded: 100n,
  granted: 40n,
  holds: new Map([
    ['h1', hold(10n)],
    ['h2', hold(20n)],
  ]),
  counters: new Map(),
  revokedKeyOrdinals: new Set(),
  oldestSecrets: new Map(),
  limitVersions: new Map(),
  sweepBucket: undefined,
  closedBefore: undefined,
}

describe('a wallet', () => {
  test.each<[string, Partial<Wallet>]>([
    ['with two holds', {}],
    ['of nothing', { available: 0n, held: 0n, spent: 0n, funded: 0n, holds: new Map() }],
    ['spent to the last nano-USD', { available: 0n, held: 0n, spent: 100n, holds: new Map() }],
  ])('%s is sound', (_, changes) => {
    expect(() => assertWallet({ ...sound, ...changes })).not.toThrow()
  })

  test.each<[string, string, Partial<Wallet>]>([
    ['with less than nothing available', 'S1', { available: -1n, spent: 71n }],
    ['with less than nothing held', 'S1', { held: -30n, available: 120n }],
    ['with less than nothing spent', 'S1', { spent: -1n, available: 71n }],
    ['with less than nothing granted', 'S1', { granted: -1n }],
    ['with money from nowhere', 'S2', { available: 61n }],
    ['with money gone', 'S2', { available: 59n }],
    ['with more held than its holds', 'S3', { held: 31n, available: 59n }],
    ['with a hold that nothing is held for', 'S3', { held: 20n, available: 70n }],
  ])('%s breaks %s', (_, rule, changes) => {
    expect(() => assertWallet({ ...sound, ...changes })).toThrow(rule)
  })
})

test('a sweep bucket is the UTC minute of an expiry', () => {
  const atSec = (text: string) => Date.parse(text) / 1000
  expect(sweepBucketOf(atSec('2026-11-21T05:10:00Z'))).toBe('2026-11-21T05:10')
  expect(sweepBucketOf(atSec('2026-11-21T05:10:59Z'))).toBe('2026-11-21T05:10')
  expect(sweepBucketOf(atSec('2026-12-31T23:59:59Z') + 1)).toBe('2027-01-01T00:00')
})
