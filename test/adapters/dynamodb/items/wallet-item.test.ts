import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  fromWalletItem,
  newWalletItem,
  toHoldItem,
} from '../../../../src/adapters/dynamodb/items/wallet-item.ts'
import { countedUse } from '../../../../src/ledger/counters.ts'
import type { CountedUse, Hold } from '../../../../src/ledger/wallet.ts'
import { asStored, storedBytes } from '../stored.ts'

const amount = fc.bigInt({ min: 0n, max: 10n ** 21n })
const holdId = fc.stringMatching(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/)
const orNone = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
const tokens = fc.integer({ min: 0, max: 1_000_000_000 })
const counted: fc.Arbitrary<CountedUse | undefined> = fc
  .record({
    keyOrdinal: fc.integer({ min: 0, max: 1_000_000 }),
    spendPerDay: orNone(amount),
    spendPerMonth: orNone(amount),
    requestsPerMinute: orNone(tokens),
    tokensPerMinute: orNone(tokens),
    concurrency: orNone(tokens),
  })
  .chain((caps) => tokens.map((used) => countedUse(caps, { amount: 1n, tokens: used })))
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
  nonce: 'Tag_k_3-',
  priceVersion: 12,
  counted: {
    keyOrdinal: 31,
    spendDay: true,
    spendMonth: true,
    concurrency: true,
    tokens: 131_072,
  },
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
      granted: 0n,
      holds: new Map(),
      counters: new Map(),
      revokedKeyOrdinals: new Set(),
      oldestSecrets: new Map(),
      limitVersions: new Map(),
      sweepBucket: undefined,
      closedBefore: undefined,
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
        'tm#12#202611210510': 90n,
        'cc#12': 2n,
        'revoked#2': true,
        'revoked#14': true,
        'secret#12': '3',
        'limits#14': '9',
        sweepBucket: '2026-11-21T05:10',
        somethingLater: 'kept',
      }),
    )
    expect(wallet.counters).toEqual(
      new Map([
        ['sd#3#20261121', 5n],
        ['sm#3#202611', 10n ** 20n],
        ['rm#12#202611210510', 7n],
        ['tm#12#202611210510', 90n],
        ['cc#12', 2n],
      ]),
    )
    expect(wallet.revokedKeyOrdinals).toEqual(new Set([2, 14]))
    expect(wallet.oldestSecrets).toEqual(new Map([[12, 3]]))
    expect(wallet.limitVersions).toEqual(new Map([[14, 9]]))
    expect(wallet.sweepBucket).toBe('2026-11-21T05:10')
  })

  test('tells what was granted and where its books are closed', () => {
    const closedBefore = '01JABCDEFGHJKMNPQRSTVWXYZ0'
    const item = { ...newWalletItem('acct_1'), granted: 5n, closedBefore }
    expect(fromWalletItem(asStored(item))).toMatchObject({ granted: 5n, closedBefore })
  })

  test.each([
    ['S1', { available: -1n, spent: 1n }],
    ['S1', { granted: -1n }],
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
    ['a hold without a nonce', { holds: { h1: { ...toHoldItem(aHold), n: undefined } } }],
  ])('with %s is not read', (_, changes) => {
    const item = { ...newWalletItem('acct_1'), ...changes }
    expect(() => fromWalletItem(asStored(item))).toThrow()
  })
})

describe('a hold', () => {
  const bytesOf = (hold: Hold): number => {
    const id = '01JABCDEFGHJKMNPQRSTVWXYZ0'
    return storedBytes({ holds: { [id]: toHoldItem(hold) } }) - storedBytes({ holds: {} })
  }

  test.each<[string, Hold]>([
    ['of a usual request', aHold],
    [
      'as large as it gets',
      {
        amount: 999_999_999_999n,
        expiresAtSec: 4_000_000_001,
        nonce: 'Tag_k_3-',
        priceVersion: 9_999,
        counted: {
          keyOrdinal: 999,
          spendDay: true,
          spendMonth: true,
          concurrency: true,
          tokens: 999_999_999,
        },
      },
    ],
  ])('%s takes at most 80 bytes, its id and its share of the map included', (_, hold) => {
    expect(bytesOf(hold)).toBeGreaterThan(60)
    expect(bytesOf(hold)).toBeLessThanOrEqual(80)
  })

  const nothing: CountedUse = {
    keyOrdinal: 7,
    spendDay: false,
    spendMonth: false,
    concurrency: false,
    tokens: undefined,
  }

  test.each<[CountedUse | undefined, string | undefined]>([
    [{ ...nothing, spendDay: true }, '7d'],
    [{ ...nothing, spendMonth: true }, '7m'],
    [{ ...nothing, spendDay: true, spendMonth: true }, '7dm'],
    [{ ...nothing, concurrency: true }, '7c'],
    [{ ...nothing, tokens: 0 }, '7t0'],
    [aHold.counted, '31dmct2t4w'],
    [undefined, undefined],
  ])('that counts %o is coded %s', (use, code) => {
    const item = toHoldItem({ ...aHold, counted: use })
    expect('c' in item ? item.c : undefined).toBe(code)
  })

  test.each(['', 'd', '7md', '7x', '7t', '7tZ', '7t12345678', '7dmct1 '])(
    'whose counters are coded %j is not read',
    (c) => {
      const holds = { h1: { ...toHoldItem(aHold), c } }
      const item = { ...newWalletItem('acct_1'), held: aHold.amount, funded: aHold.amount, holds }
      expect(() => fromWalletItem(asStored(item))).toThrow('names no counters')
    },
  )
})
