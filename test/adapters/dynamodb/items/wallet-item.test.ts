import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  fromWalletItem,
  newWalletItem,
  toHoldItem,
} from '../../../../src/adapters/dynamodb/items/wallet-item.ts'
import { countedSpend } from '../../../../src/ledger/counters.ts'
import type { CountedSpend, Hold } from '../../../../src/ledger/wallet.ts'
import { asStored, storedBytes } from '../stored.ts'

const amount = fc.bigInt({ min: 0n, max: 10n ** 21n })
const holdId = fc.stringMatching(/^[0-9A-HJKMNP-TV-Z]{26}$/)
const counted: fc.Arbitrary<CountedSpend | undefined> = fc
  .record({
    keyOrdinal: fc.integer({ min: 0, max: 1_000_000 }),
    spendPerDay: fc.option(amount, { nil: undefined }),
    spendPerMonth: fc.option(amount, { nil: undefined }),
    requestsPerMinute: fc.constant(undefined),
  })
  .map(countedSpend)
const anyHold: fc.Arbitrary<Hold> = fc.record({
  amount,
  expiresAtSec: fc.integer({ min: 0, max: 4_000_000_000 }),
  nonce: fc.stringMatching(/^[A-Za-z0-9_-]{8}$/),
  priceVersion: fc.integer({ min: 0, max: 1_000_000 }),
  counted,
})

const total = (amounts: readonly bigint[]) => amounts.reduce((sum, one) => sum + one, 0n)

const aHold: Hold = {
  amount: 1_234_567_890n,
  expiresAtSec: 1_795_238_400,
  nonce: 'q8Zk_3-A',
  priceVersion: 12,
  counted: { keyOrdinal: 31, kinds: ['day', 'month'] },
}

describe('a wallet', () => {
  test('that is new is empty and active', () => {
    expect(fromWalletItem(asStored(newWalletItem('acct_1')))).toEqual({
      accountId: 'acct_1',
      status: 'active',
      available: 0n,
      held: 0n,
      spent: 0n,
      funded: 0n,
      holds: new Map(),
      counters: new Map(),
      revokedKeyOrdinals: new Set(),
      sweepBucket: undefined,
    })
  })

  test('comes back from the table with every hold as it went in', () => {
    const holds = fc.uniqueArray(fc.tuple(holdId, anyHold), {
      maxLength: 8,
      selector: ([id]) => id,
    })
    fc.assert(
      fc.property(holds, amount, amount, (open, available, spent) => {
        const held = total(open.map(([, hold]) => hold.amount))
        const item = {
          ...newWalletItem('acct_1'),
          available,
          held,
          spent,
          funded: available + held + spent,
          holds: Object.fromEntries(open.map(([id, hold]) => [id, toHoldItem(hold)])),
        }
        const wallet = fromWalletItem(asStored(item))
        expect(wallet).toMatchObject({ available, held, spent })
        expect(wallet.holds).toEqual(new Map(open))
      }),
    )
  })

  test('tells its counters and revoked keys from everything else on the item', () => {
    const wallet = fromWalletItem(
      asStored({
        ...newWalletItem('acct_1'),
        'sd#3#20261121': 5n,
        'sm#3#202611': 10n ** 20n,
        'rm#12#202611210510': 7n,
        'revoked#2': true,
        'revoked#14': true,
        sweepBucket: '2026-11-21T05:10',
        somethingLater: 'kept',
      }),
    )
    expect(wallet.counters).toEqual(
      new Map([
        ['sd#3#20261121', 5n],
        ['sm#3#202611', 10n ** 20n],
        ['rm#12#202611210510', 7n],
      ]),
    )
    expect(wallet.revokedKeyOrdinals).toEqual(new Set([2, 14]))
    expect(wallet.sweepBucket).toBe('2026-11-21T05:10')
  })

  test.each([
    ['S1', { available: -1n, spent: 1n }],
    ['S2', { available: 1n }],
    ['S3', { held: 1n, funded: 1n }],
  ])('that breaks %s is not read', (rule, changes) => {
    const item = { ...newWalletItem('acct_1'), ...changes }
    expect(() => fromWalletItem(asStored(item))).toThrow(rule)
  })

  test.each([
    ['an amount that is no whole number', { available: 0.5 }],
    ['an unknown status', { status: 'closed' }],
    ['no holds', { holds: undefined }],
    ['an unreadable hold', { holds: { h1: { ...toHoldItem(aHold), c: '1x' } } }],
    ['a hold without a nonce', { holds: { h1: { ...toHoldItem(aHold), n: undefined } } }],
  ])('with %s is not read', (_, changes) => {
    const item = { ...newWalletItem('acct_1'), ...changes }
    expect(() => fromWalletItem(asStored(item))).toThrow()
  })
})

describe('a hold', () => {
  test('takes at most 80 bytes of the item, its id and its share of the map included', () => {
    const id = '01JABCDEFGHJKMNPQRSTVWXYZ0'
    const wallet = { holds: {} }
    const bytes = storedBytes({ holds: { [id]: toHoldItem(aHold) } }) - storedBytes(wallet)
    expect(bytes).toBeGreaterThan(60)
    expect(bytes).toBeLessThanOrEqual(80)
  })

  test.each([
    [{ keyOrdinal: 1, kinds: ['day'] }, '1d'],
    [{ keyOrdinal: 31, kinds: ['month'] }, '31m'],
    [{ keyOrdinal: 7, kinds: ['day', 'month'] }, '7dm'],
    [undefined, undefined],
  ] as const)('of a key that counts %o is coded %s', (spend, code) => {
    expect(toHoldItem({ ...aHold, counted: spend })).toMatchObject(code ? { c: code } : {})
    expect('c' in toHoldItem({ ...aHold, counted: spend })).toBe(code !== undefined)
  })
})
