/** Closing an account's books: a bound that only moves on, and decisions between two ids. */
import { describe, expect, test } from 'vitest'
import { move } from '../../src/ledger/journal.ts'
import type { Book } from '../../src/ledger/journal-ports.ts'
import { decisionOf, type World } from './world.ts'

export function describeClosing(world: World): void {
  const { ledger, wallet, customer, held } = world

  describe('closing before an id', () => {
    test('tells the wallet as it stands with it', async () => {
      const { accountId } = await held(await customer(1_000n))
      const before = await wallet(accountId)
      const closedBefore = world.ids()
      const closed = { ...before, closedBefore }
      expect(await ledger().closing.closeBefore(accountId, closedBefore)).toEqual(closed)
      expect(await wallet(accountId)).toEqual(closed)
    })

    test('moves on to a later id and never back', async () => {
      const accountId = await customer()
      const [early, middle, late] = [world.ids(), world.ids(), world.ids()]
      const close = async (holdId: string) =>
        (await ledger().closing.closeBefore(accountId, holdId))?.closedBefore
      expect(await close(middle)).toBe(middle)
      expect(await close(early)).toBe(middle)
      expect(await close(middle)).toBe(middle)
      expect(await close(late)).toBe(late)
      expect(await wallet(accountId)).toMatchObject({ closedBefore: late })
    })

    test('of no wallet closes nothing', async () => {
      const nobody = world.nobody()
      expect(await ledger().closing.closeBefore(nobody, world.ids())).toBeUndefined()
      expect(await ledger().sweeps.readWallet(nobody)).toBeUndefined()
    })
  })

  describe('decisions between two ids', () => {
    const decided = async (accountId: string, count: number) => {
      const orders = Array.from({ length: count }, () => world.reservation(accountId))
      const decisions = orders.map((order) => decisionOf(order, { charge: 1n }))
      for (const decision of decisions.toReversed()) await ledger().holds.decide(decision)
      return decisions
    }

    test('ascend, and neither bound is among them', async () => {
      const accountId = `acct_${world.ids()}`
      const before = world.ids()
      const all = await decided(accountId, 4)
      const after = world.ids()
      const ids = [before, ...all.map(({ holdId }) => holdId), after]
      const between = (from: number | undefined, to: number, limit = 100) =>
        ledger().closing.decisionsBetween({
          accountId,
          after: from === undefined ? undefined : (ids[from] ?? ''),
          before: ids[to] ?? '',
          limit,
        })
      expect(await between(undefined, 5)).toEqual(all)
      expect(await between(0, 5)).toEqual(all)
      expect(await between(1, 4)).toEqual(all.slice(1, 3))
      expect(await between(1, 2)).toEqual([])
      expect(await between(4, 5)).toEqual([])
      expect(await between(undefined, 1)).toEqual([])
    })

    test('are as many as asked for, from the first', async () => {
      const accountId = `acct_${world.ids()}`
      const all = await decided(accountId, 3)
      const range = { accountId, after: undefined, before: world.ids() }
      for (const limit of [1, 2, 3, 4]) {
        const found = await ledger().closing.decisionsBetween({ ...range, limit })
        expect(found).toEqual(all.slice(0, limit))
      }
    })

    test('are none where the bounds are the same or crossed', async () => {
      const accountId = `acct_${world.ids()}`
      const [early, late] = [world.ids(), world.ids()]
      await decided(accountId, 1)
      for (const [after, before] of [
        [early, early],
        [late, early],
      ] as const) {
        const range = { accountId, after, before, limit: 10 }
        expect(await ledger().closing.decisionsBetween(range)).toEqual([])
      }
    })

    test('are those of one account', async () => {
      const [one, other] = [`acct_${world.ids()}`, `acct_${world.ids()}`]
      const own = await decided(one, 1)
      await decided(other, 1)
      const range = { accountId: one, after: undefined, before: world.ids(), limit: 10 }
      expect(await ledger().closing.decisionsBetween(range)).toEqual(own)
    })
  })

  describe('a book', () => {
    test('is absent before the first accrual, then as it was written last', async () => {
      const accountId = await customer()
      expect(await ledger().closing.readBook(accountId)).toBeUndefined()
      const first: Book = {
        accountId,
        through: world.ids(),
        charges: 10n,
        payable: 5n,
        unpayable: 3n,
        fees: 2n,
        grantsUsed: 1n,
      }
      const second: Book = { ...first, through: world.ids(), charges: 11n, fees: 3n }
      await accrue(undefined, first)
      expect(await ledger().closing.readBook(accountId)).toEqual(first)
      await accrue(first, second)
      expect(await ledger().closing.readBook(accountId)).toEqual(second)
    })

    async function accrue(from: Book | undefined, to: Book): Promise<void> {
      const legs = move(1n, { kind: 'undistributed' }, { kind: 'fees' })
      const posted = await world.post({ kind: 'accrual', legs }, [{ kind: 'book', from, to }])
      expect(posted).toEqual({ kind: 'posted' })
    }
  })

  test('the place of a schedule is what was written last, or the start of a round', async () => {
    const { readPlace, writePlace } = ledger().closing
    expect(await readPlace('contract-one')).toBeUndefined()
    await writePlace('contract-one', 'acct_5')
    await writePlace('contract-two', 'acct_9')
    expect(await readPlace('contract-one')).toBe('acct_5')
    await writePlace('contract-one', undefined)
    expect(await readPlace('contract-one')).toBeUndefined()
    await writePlace('contract-one', undefined)
    expect(await readPlace('contract-two')).toBe('acct_9')
  })
}
