/** Posting: what an entry changes of wallets and earnings, what it may not take, how it is read. */
import { describe, expect, test } from 'vitest'
import { type Leg, move } from '../../src/ledger/journal.ts'
import type { JournalOwner } from '../../src/ledger/journal-ports.ts'
import type { Wallet } from '../../src/ledger/wallet.ts'
import { customerOf, escrowFor, hostOf, inTransitOf, shared } from './ledger-accounts.ts'
import { walk } from './pages.ts'
import { accrualFor, amountMax, type EntryDraft, posted, topUp, type World } from './world.ts'

export function describePosting(world: World): void {
  const { ledger, wallet, customer, post, anEntry } = world
  const aNode = () => `n_${world.ids()}`

  describe("what an entry changes of a customer's wallet", () => {
    type Money = Partial<Pick<Wallet, 'available' | 'funded' | 'granted'>>
    test.each<[EntryDraft['kind'], keyof typeof shared, bigint, Money]>([
      ['top_up', 'wash', 40n, { available: 1_040n, funded: 1_040n }],
      ['top_up', 'wash', 0n, {}],
      ['top_up', 'wash', amountMax, { available: amountMax + 1_000n, funded: amountMax + 1_000n }],
      ['grant', 'promo', 40n, { available: 1_040n, funded: 1_040n, granted: 40n }],
      ['refund', 'shortfall', 40n, { available: 1_040n, funded: 1_040n }],
      ['refund', 'fees', 40n, { available: 1_040n, funded: 1_040n }],
      ['adjustment', 'adjustments', 40n, { available: 1_040n, funded: 1_040n }],
      ['adjustment', 'adjustments', -40n, { available: 960n, funded: 960n }],
      ['adjustment', 'adjustments', -1_000n, { available: 0n, funded: 0n }],
    ])('%s from %s of %d', async (kind, source, amount, change) => {
      const accountId = await customer(1_000n)
      const before = await wallet(accountId)
      const legs = move(amount, shared[source], customerOf(accountId))
      expect(await post({ kind, legs })).toEqual(posted)
      expect(await wallet(accountId)).toEqual({ ...before, ...change })
    })

    test('is the sum of all its legs on that wallet', async () => {
      const accountId = await customer(1_000n)
      const legs = [...topUp(accountId, 40n), ...topUp(accountId, 2n)]
      expect(await post({ kind: 'top_up', legs })).toEqual(posted)
      expect(await wallet(accountId)).toMatchObject({ available: 1_042n, funded: 1_042n })
    })

    test('leaves open holds and what they hold', async () => {
      const { accountId } = await world.held(await customer(1_000n))
      const before = await wallet(accountId)
      await post({ kind: 'top_up', legs: topUp(accountId, 40n) })
      expect(await wallet(accountId)).toEqual({ ...before, available: 940n, funded: 1_040n })
    })
  })

  describe("an entry that a wallet doesn't allow is refused, and nothing is written:", () => {
    test.each<[string, bigint]>([
      ['one nano-USD more than is available', -901n],
      ['what running requests hold', -1_000n],
    ])('%s', async (_, amount) => {
      const { accountId } = await world.held(await customer(1_000n))
      const before = await wallet(accountId)
      const legs = move(amount, shared.adjustments, customerOf(accountId))
      const entry = anEntry({ kind: 'adjustment', legs })
      const outcome = await ledger().journal.post({ entry, guards: [] })
      expect(outcome).toEqual({ kind: 'refused', by: 'wallet' })
      expect(await wallet(accountId)).toEqual(before)
      expect(await ledger().journal.readEntry(entry.reference)).toBeUndefined()
    })

    test.each([1n, 0n])('a gain of %d where there is no wallet', async (amount) => {
      const nobody = world.nobody()
      const outcome = await post({ kind: 'top_up', legs: topUp(nobody, amount) })
      expect(outcome).toEqual({ kind: 'refused', by: 'wallet' })
      expect(await ledger().sweeps.readWallet(nobody)).toBeUndefined()
    })
  })

  describe('a reference', () => {
    test('is posted once, and tells the entry that took it', async () => {
      const accountId = await customer()
      const entry = anEntry({ kind: 'top_up', legs: topUp(accountId, 40n), about: 'Zoë’s — 日本' })
      const [store, guards] = [ledger().journal, []]
      expect(await store.readEntry(entry.reference)).toBeUndefined()
      expect(await store.post({ entry, guards })).toEqual(posted)
      const again = { ...entry, entryId: world.ids() }
      const before = { kind: 'posted_before', entry }
      expect(await store.post({ entry: again, guards })).toEqual(before)
      expect(await store.post({ entry, guards })).toEqual(before)
      expect(await store.readEntry(entry.reference)).toEqual(entry)
      expect(await wallet(accountId)).toMatchObject({ available: 40n, funded: 40n })
    })

    test('that is taken answers before wallet, earnings and guards refuse', async () => {
      const [nodeId, accountId] = [aNode(), await customer()]
      const entry = anEntry({ kind: 'top_up', legs: topUp(accountId, 40n) })
      await ledger().journal.post({ entry, guards: [] })
      const take = { reference: entry.reference, kind: 'payout' } as const
      const legs = [
        ...move(1n, customerOf(world.nobody()), shared.adjustments),
        ...move(1n, hostOf(nodeId), inTransitOf(nodeId)),
      ]
      const guards = [{ kind: 'approval', reference: 'no such request' }] as const
      expect(await post({ ...take, legs }, guards)).toEqual({ kind: 'posted_before', entry })
    })

    test('that a refused entry named is free', async () => {
      const [reference, legs] = [`free ${world.ids()}`, topUp(world.nobody(), 1n)]
      await post({ kind: 'top_up', reference, legs })
      const accountId = await customer()
      const again = { kind: 'top_up', reference, legs: topUp(accountId, 1n) } as const
      expect(await post(again)).toEqual(posted)
    })
  })

  describe('an entry that wallet, earnings and guards refuse', () => {
    test('names them in this order', async () => {
      const [nodeId, accountId] = [aNode(), await customer()]
      const fromNode = move(1n, hostOf(nodeId), inTransitOf(nodeId))
      const guard = { kind: 'approval', reference: 'no such request' } as const
      const takes = (...legs: readonly Leg[]) => post({ kind: 'payout', legs }, [guard])
      const fromWallet = move(1n, customerOf(accountId), shared.adjustments)
      expect(await takes(...fromNode, ...fromWallet)).toEqual({ kind: 'refused', by: 'wallet' })
      expect(await takes(...fromNode)).toEqual({ kind: 'refused', by: 'earnings' })
      expect(await takes()).toEqual({ kind: 'refused', by: guard })
    })
  })

  describe('entries are listed', () => {
    const listed = (of: JournalOwner, limit = 100) =>
      walk((page) => ledger().journal.listEntries(of, page), { limit })

    test('newest first with all legs, by whoever has one, however the pages fall', async () => {
      const [accountId, other, nodeId] = [await customer(), await customer(), aNode()]
      const entries = [
        anEntry({ kind: 'top_up', legs: topUp(accountId, 1n) }),
        anEntry({ kind: 'top_up', legs: topUp(other, 1n) }),
        anEntry(accrualFor(nodeId, 9n)),
        anEntry({ kind: 'refund', legs: move(1n, hostOf(nodeId), customerOf(accountId)) }),
        anEntry(escrowFor(nodeId, 2n)),
        anEntry({ kind: 'payout', legs: move(5n, hostOf(nodeId), inTransitOf(nodeId)) }),
        anEntry({ kind: 'payout_paid', legs: move(5n, inTransitOf(nodeId), shared.wash) }),
      ] as const
      for (const entry of entries) await ledger().journal.post({ entry, guards: [] })
      const [first, second, third, refund, fourth, fifth, sixth] = entries
      for (const limit of [1, 2, 5, 100]) {
        expect(await listed({ kind: 'customer', accountId }, limit)).toEqual([refund, first])
        const ofNode = await listed({ kind: 'host', nodeId }, limit)
        expect(ofNode).toEqual([sixth, fifth, fourth, refund, third])
      }
      expect(await listed({ kind: 'customer', accountId: other })).toEqual([second])
      expect(await listed({ kind: 'host', nodeId: aNode() })).toEqual([])
    })
  })
}
