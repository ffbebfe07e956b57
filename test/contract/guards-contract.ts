/** A posting's guards: what each admits, refuses and records, and that it records with its entry. */
import { describe, expect, test } from 'vitest'
import type { Adjustment, Book, Guard } from '../../src/ledger/journal-ports.ts'
import { amountMax, posted, refusedBy, topUp, type World } from './world.ts'

export function describeGuards(world: World): void {
  const { ledger, customer, post, guarded } = world

  describe('refunds of one charge', () => {
    const refundOf = (accountId: string, holdId: string, amount: bigint, charge = 100n): Guard => ({
      kind: 'refund',
      accountId,
      holdId,
      amount,
      charge,
    })

    test.each<[string, readonly bigint[], readonly boolean[], bigint]>([
      ['may be all of it at once', [100n, 1n], [true, false], 100n],
      ['are never one nano-USD above it', [101n], [false], 100n],
      ['are together at most the charge', [60n, 41n, 40n, 1n], [true, false, true, false], 100n],
      ['of nothing are nothing', [0n, 1n], [true, false], 0n],
      ['reach the largest charge', [amountMax, 1n], [true, false], amountMax],
    ])('%s', async (_, amounts, expected, charge) => {
      const [accountId, holdId] = [`acct_${world.ids()}`, world.ids()]
      for (const [index, amount] of amounts.entries()) {
        const guard = refundOf(accountId, holdId, amount, charge)
        expect(await guarded(guard)).toEqual(expected[index] ? posted : refusedBy(guard))
      }
    })

    test('are counted by account and hold', async () => {
      const [accountId, holdId] = [`acct_${world.ids()}`, world.ids()]
      expect(await guarded(refundOf(accountId, holdId, 100n))).toEqual(posted)
      expect(await guarded(refundOf(accountId, world.ids(), 100n))).toEqual(posted)
      expect(await guarded(refundOf(`acct_${world.ids()}`, holdId, 100n))).toEqual(posted)
    })
  })

  describe('a book', () => {
    const aBook = (accountId: string, through: string): Book => ({
      accountId,
      through,
      charges: 0n,
      payable: 0n,
      unpayable: 0n,
      fees: 0n,
      grantsUsed: 0n,
    })

    test('moves on from where it stands, and whoever is second is refused', async () => {
      const accountId = `acct_${world.ids()}`
      const [first, second, third] = [1, 2, 3].map(() => aBook(accountId, world.ids()))
      if (!first || !second || !third) throw new Error('three books')
      const move = (from: Book | undefined, to: Book): Guard => ({ kind: 'book', from, to })
      const early = move(first, second)
      expect(await guarded(early)).toEqual(refusedBy(early))
      expect(await guarded(move(undefined, first))).toEqual(posted)
      const again = move(undefined, second)
      expect(await guarded(again)).toEqual(refusedBy(again))
      expect(await guarded(move(first, second))).toEqual(posted)
      const late = move(first, third)
      expect(await guarded(late)).toEqual(refusedBy(late))
      expect(await ledger().closing.readBook(accountId)).toEqual(second)
    })
  })

  describe('an adjustment above the limit', () => {
    const anAdjustment = (change: Partial<Adjustment> = {}): Adjustment => ({
      reference: `adjustment ${world.ids()}`,
      accountId: `acct_${world.ids()}`,
      amount: -amountMax,
      reason: 'Zoë’s — 日本',
      requestedBy: 'operator-1',
      requestedAtMs: 1_795_238_400_123,
      state: 'requested',
      ...change,
    })

    test('is requested once, and the one that stands is told', async () => {
      const adjustment = anAdjustment()
      const { reference } = adjustment
      const { journal } = ledger()
      expect(await journal.readAdjustment(reference)).toBeUndefined()
      expect(await journal.requestAdjustment(adjustment)).toEqual(adjustment)
      const other = anAdjustment({ reference, amount: 1n, requestedBy: 'operator-2' })
      expect(await journal.requestAdjustment(other)).toEqual(adjustment)
      expect(await journal.readAdjustment(reference)).toEqual(adjustment)
    })

    test('is approved once, and stays approved where it is requested again', async () => {
      const adjustment = anAdjustment()
      const guard: Guard = { kind: 'approval', reference: adjustment.reference }
      const { journal } = ledger()
      expect(await guarded(guard)).toEqual(refusedBy(guard))
      expect(await journal.readAdjustment(adjustment.reference)).toBeUndefined()
      await journal.requestAdjustment(adjustment)
      expect(await guarded(guard)).toEqual(posted)
      const approved = { ...adjustment, state: 'approved' }
      expect(await journal.readAdjustment(adjustment.reference)).toEqual(approved)
      expect(await guarded(guard)).toEqual(refusedBy(guard))
      expect(await journal.requestAdjustment(adjustment)).toEqual(approved)
    })
  })

  describe('of several guards', () => {
    const day = (subject: string, countMax: number): Guard => ({
      kind: 'late_day',
      subject,
      day: '2026-11-21',
      countMax,
      amount: 1n,
      amountMax: 1n,
    })

    test('the first that fails is named, and none records anything', async () => {
      const [node, account] = [`n_${world.ids()}`, `acct_${world.ids()}`]
      const [open, full] = [day(node, 1), day(account, 0)]
      const alsoFull: Guard = { kind: 'approval', reference: 'no such request' }
      expect(await guarded(open, full, alsoFull)).toEqual(refusedBy(full))
      expect(await guarded(open, alsoFull, full)).toEqual(refusedBy(alsoFull))
      expect(await guarded(open)).toEqual(posted)
      expect(await guarded(open)).toEqual(refusedBy(open))
    })

    test('all record where all pass', async () => {
      const [one, other] = [day(`n_${world.ids()}`, 1), day(`acct_${world.ids()}`, 1)]
      expect(await guarded(one, other)).toEqual(posted)
      expect(await guarded(one)).toEqual(refusedBy(one))
      expect(await guarded(other)).toEqual(refusedBy(other))
    })
  })

  describe('a guard records nothing', () => {
    const single = (subject: string): Guard => ({
      kind: 'late_day',
      subject,
      day: '2026-11-21',
      countMax: 1,
      amount: 1n,
      amountMax: 1n,
    })

    test('where the wallet refuses the entry', async () => {
      const guard = single(`n_${world.ids()}`)
      const refused = await post({ kind: 'top_up', legs: topUp(world.nobody(), 1n) }, [guard])
      expect(refused).toEqual({ kind: 'refused', by: 'wallet' })
      expect(await guarded(guard)).toEqual(posted)
    })

    test('where the reference is taken', async () => {
      const [accountId, reference] = [await customer(), `twice ${world.ids()}`]
      const guard = single(`n_${world.ids()}`)
      const entry = { kind: 'top_up', reference, legs: topUp(accountId, 1n) } as const
      expect(await post(entry)).toEqual(posted)
      expect(await post(entry, [guard])).toMatchObject({ kind: 'posted_before' })
      expect(await guarded(guard)).toEqual(posted)
    })
  })
}
