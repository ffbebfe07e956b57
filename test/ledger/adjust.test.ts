import { beforeEach, describe, expect, test } from 'vitest'
import { type AdjustmentOrder, adjust, approveAdjustment } from '../../src/ledger/adjust.ts'
import { openMemoryLedger, type QuickLedger } from './open-memory-ledger.ts'

const usd = 1_000_000_000n
const limit = 100n * usd

let ledger: QuickLedger
let accountId: string
beforeEach(async () => {
  ledger = openMemoryLedger()
  accountId = await ledger.customer(1_000n * usd)
})

const order = (amount: bigint, change: Partial<AdjustmentOrder> = {}): AdjustmentOrder => ({
  accountId,
  amount,
  reference: 'case 1',
  reason: 'billed twice',
  by: 'ann',
  ...change,
})
const ask = (amount: bigint, change: Partial<AdjustmentOrder> = {}) =>
  adjust(ledger.adjusting, order(amount, change))
const approve = (by: string, reference = 'case 1') =>
  approveAdjustment(ledger.adjusting, { reference, by })
const available = async () => (await ledger.wallet(accountId)).available

describe('a correction within the limit', () => {
  test.each([0n, 1n, limit, -1n, -limit])('of %s needs one operator', async (amount) => {
    expect(await ask(amount)).toMatchObject({
      kind: 'adjusted',
      entry: { kind: 'adjustment', reference: 'case 1', by: 'ann', about: 'billed twice' },
    })
    const wallet = await ledger.wallet(accountId)
    const [left, funded] = [1_000n * usd + amount, 1_000n * usd + amount]
    expect(wallet).toMatchObject({ available: left, funded, granted: 0n })
  })

  test.each([
    [5n, ['adjustments', 'customer']],
    [-5n, ['customer', 'adjustments']],
  ])('of %s moves money from and to %s', async (amount, [from, to]) => {
    const adjusted = await ask(amount)
    const legs = adjusted.kind === 'adjusted' ? adjusted.entry.legs : []
    expect(legs.map(({ account, amount: gain }) => [account.kind, gain])).toEqual([
      [from, -5n],
      [to, 5n],
    ])
  })

  test.each<[string, bigint, Partial<AdjustmentOrder>, boolean]>([
    ['the same', 5n, {}, true],
    ['the same, by another operator and for another reason', 5n, { by: 'bob', reason: '' }, true],
    ['the opposite', -5n, {}, false],
    ['another amount', 6n, {}, false],
  ])('under a reference that stands: %s', async (_, amount, change, isSame) => {
    await ask(5n)
    expect(await ask(amount, change)).toMatchObject({ kind: 'adjusted_before', isSame })
    expect(await available()).toBe(1_000n * usd + 5n)
  })

  test('under the reference of another customer, or of a credit, is not the same', async () => {
    await ask(5n)
    const other = await ledger.customer(5n)
    expect(await ask(5n, { accountId: other })).toMatchObject({ isSame: false })
    const topUp = ledger.entries().findLast(({ kind }) => kind === 'top_up')
    const sameGain = { accountId: other, reference: topUp?.reference ?? '' }
    expect(await ask(5n, sameGain)).toMatchObject({ kind: 'adjusted_before', isSame: false })
  })

  test('takes what is there, and not one more', async () => {
    const poor = await ledger.customer(5n)
    expect(await ask(-6n, { accountId: poor })).toEqual({ kind: 'not_covered' })
    expect(await ask(-5n, { accountId: poor })).toMatchObject({ kind: 'adjusted' })
    expect(await ask(5n, { accountId: 'acct_nobody', reference: 'case 2' })).toEqual({
      kind: 'not_covered',
    })
  })
})

describe('a correction above the limit', () => {
  test.each([limit + 1n, -limit - 1n])('of %s waits for another operator', async (amount) => {
    const requested = {
      kind: 'requested',
      isSame: true,
      adjustment: {
        accountId,
        amount,
        reference: 'case 1',
        reason: 'billed twice',
        requestedBy: 'ann',
        requestedAtMs: ledger.nowMs(),
        state: 'requested',
      },
    }
    expect(await ask(amount)).toEqual(requested)
    expect(await available()).toBe(1_000n * usd)
    expect(await approve('ann')).toEqual({ kind: 'same_operator' })
    expect(await approve('bob')).toMatchObject({
      kind: 'adjusted',
      entry: { by: 'bob', about: 'billed twice' },
    })
    expect(await available()).toBe(1_000n * usd + amount)
    expect(await ledger.memory.journal.readAdjustment('case 1')).toMatchObject({
      state: 'approved',
      requestedBy: 'ann',
    })
  })

  test.each<[string, bigint, Partial<AdjustmentOrder>, boolean]>([
    ['the same', limit + 1n, {}, true],
    ['the same by another operator', limit + 1n, { by: 'bob' }, true],
    ['another amount', limit + 2n, {}, false],
    ['another customer', limit + 1n, { accountId: 'acct_other' }, false],
  ])('is requested once for each reference: %s', async (_, amount, change, isSame) => {
    await ask(limit + 1n)
    expect(await ask(amount, change)).toMatchObject({
      kind: 'requested',
      isSame,
      adjustment: { accountId, amount: limit + 1n, requestedBy: 'ann' },
    })
  })

  test('is made once, however often it is approved', async () => {
    await ask(limit + 1n)
    await approve('bob')
    expect(await approve('carol')).toMatchObject({ kind: 'adjusted_before', isSame: true })
    expect(await available()).toBe(1_100n * usd + 1n)
  })

  test('cannot be approved where none was asked for', async () => {
    expect(await approve('bob')).toEqual({ kind: 'no_request' })
  })

  test('that takes more than is there stays a request', async () => {
    await ask(-1_001n * usd)
    expect(await approve('bob')).toEqual({ kind: 'not_covered' })
    await ask(2n * usd, { reference: 'case 2' })
    expect(await approve('bob')).toMatchObject({ kind: 'adjusted' })
    expect(await available()).toBe(usd)
  })
})

test('without an answer the outcome is not known', async () => {
  const journal = { ...ledger.adjusting.journal, post: async () => ({ kind: 'unknown' }) as const }
  const lost = await adjust({ ...ledger.adjusting, journal }, order(5n))
  expect(lost).toEqual({ kind: 'unavailable' })
})
