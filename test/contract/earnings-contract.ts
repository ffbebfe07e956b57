/** What entries change of a node's earnings, and that they never take more than is there. */
import { describe, expect, test } from 'vitest'
import { type Earnings, noEarnings } from '../../src/ledger/earnings.ts'
import { type Leg, move } from '../../src/ledger/journal.ts'
import { customerOf, escrowFor, escrowOf, hostOf, inTransitOf, shared } from './ledger-accounts.ts'
import { walk } from './pages.ts'
import { accrualFor, amountMax, type EntryDraft, posted, type World } from './world.ts'

export function describeEarnings(world: World): void {
  const { ledger, wallet, customer, post, anEntry } = world
  const aNode = () => `n_${world.ids()}`
  const earnings = (nodeId: string) => ledger().journal.readEarnings(nodeId)

  describe("what entries change of a node's earnings", () => {
    test('follows their money from the accrual to the payout', async () => {
      const [nodeId, accountId] = [aNode(), await customer()]
      const [host, inTransit] = [hostOf(nodeId), inTransitOf(nodeId)]
      const steps: readonly [EntryDraft['kind'], readonly Leg[], Partial<Earnings>][] = [
        [
          'accrual',
          [
            { account: shared.undistributed, amount: -100n },
            { account: host, amount: 70n },
            { account: shared.unpayable, amount: 10n },
            { account: shared.fees, amount: 20n },
          ],
          { accrued: 70n, payable: 70n },
        ],
        ['accrual', move(5n, shared.undistributed, host), { accrued: 75n, payable: 75n }],
        [
          'refund',
          [
            { account: host, amount: -8n },
            { account: shared.fees, amount: -2n },
            { account: customerOf(accountId), amount: 10n },
          ],
          { payable: 67n, clawedBack: 8n },
        ],
        ['late_claim', move(30n, shared.shortfall, escrowOf(nodeId)), { escrowed: 30n }],
        [
          'late_release',
          move(30n, escrowOf(nodeId), host),
          { escrowed: 0n, payable: 97n, accrued: 105n },
        ],
        ['payout', move(97n, host, inTransit), { payable: 0n, inTransit: 97n }],
        ['payout_returned', move(97n, inTransit, host), { payable: 97n, inTransit: 0n }],
        ['payout', move(90n, host, inTransit), { payable: 7n, inTransit: 90n }],
        ['payout_paid', move(90n, inTransit, shared.wash), { inTransit: 0n, paid: 90n }],
      ]
      let expected = noEarnings(nodeId)
      expect(await earnings(nodeId)).toBeUndefined()
      for (const [kind, legs, change] of steps) {
        expect(await post({ kind, legs }), kind).toEqual(posted)
        expected = { ...expected, ...change }
        expect(await earnings(nodeId), kind).toEqual(expected)
      }
      expect(await wallet(accountId)).toMatchObject({ available: 10n, funded: 10n })
    })

    test('carries the largest amount', async () => {
      const nodeId = aNode()
      await post(accrualFor(nodeId, amountMax))
      await post(accrualFor(nodeId, amountMax))
      expect(await earnings(nodeId)).toMatchObject({ payable: 2n * amountMax })
    })

    test('is done for forty hosts of one accrual', async () => {
      const nodes = Array.from({ length: 40 }, aNode)
      const to = world.ids()
      const accountId = await customer()
      const book = { accountId, through: to, charges: 80n, payable: 40n, unpayable: 0n, fees: 40n }
      const entry = anEntry({
        kind: 'accrual',
        legs: [
          { account: shared.undistributed, amount: -80n },
          ...nodes.map((nodeId) => ({ account: hostOf(nodeId), amount: 1n })),
          { account: shared.unpayable, amount: 0n },
          { account: shared.fees, amount: 40n },
        ],
      })
      const guard = { kind: 'book', from: undefined, to: { ...book, grantsUsed: 0n } } as const
      expect(await ledger().journal.post({ entry, guards: [guard] })).toEqual(posted)
      expect(await ledger().journal.readEntry(entry.reference)).toEqual(entry)
      for (const nodeId of nodes) expect(await earnings(nodeId)).toMatchObject({ payable: 1n })
    })
  })

  describe("an entry that takes more than a node's earnings is refused, and nothing is written:", () => {
    test.each<[string, (nodeId: string, amount: bigint) => EntryDraft]>([
      [
        'more than is payable',
        (node, amount) => ({ kind: 'payout', legs: move(amount, hostOf(node), inTransitOf(node)) }),
      ],
      [
        'more than is in transit',
        (node, amount) => ({
          kind: 'payout_paid',
          legs: move(amount, inTransitOf(node), shared.wash),
        }),
      ],
      [
        'more than is in escrow',
        (node, amount) => ({
          kind: 'late_release',
          legs: move(amount, escrowOf(node), hostOf(node)),
        }),
      ],
    ])('%s', async (_, take) => {
      const nodeId = aNode()
      const refused = { kind: 'refused', by: 'earnings' }
      expect(await post(take(nodeId, 1n))).toEqual(refused)
      expect(await earnings(nodeId)).toBeUndefined()
      await post(accrualFor(nodeId, 30n))
      await post({ kind: 'payout', legs: move(15n, hostOf(nodeId), inTransitOf(nodeId)) })
      await post(escrowFor(nodeId, 15n))
      const before = await earnings(nodeId)
      expect(await post(take(nodeId, 16n))).toEqual(refused)
      expect(await earnings(nodeId)).toEqual(before)
      expect(await post(take(nodeId, 15n))).toEqual(posted)
    })

    test('a refund beyond what is payable credits no customer', async () => {
      const [nodeId, accountId] = [aNode(), await customer()]
      await post(accrualFor(nodeId, 30n))
      const legs = move(31n, hostOf(nodeId), customerOf(accountId))
      expect(await post({ kind: 'refund', legs })).toEqual({ kind: 'refused', by: 'earnings' })
      expect(await wallet(accountId)).toMatchObject({ available: 0n, funded: 0n })
      expect(await earnings(nodeId)).toMatchObject({ payable: 30n, clawedBack: 0n })
    })
  })

  test('a node whose part of an entry is nothing has earned nothing by it', async () => {
    const [nodeId, accountId] = [aNode(), await customer()]
    const entry = anEntry({
      kind: 'refund',
      legs: [
        { account: hostOf(nodeId), amount: 0n },
        { account: shared.fees, amount: -1n },
        { account: customerOf(accountId), amount: 1n },
      ],
    })
    expect(await ledger().journal.post({ entry, guards: [] })).toEqual(posted)
    expect(await earnings(nodeId)).toBeUndefined()
    expect(await ledger().journal.readEntry(entry.reference)).toEqual(entry)
    const page = { limit: 100, after: undefined }
    const listed = await ledger().journal.listEntries({ kind: 'host', nodeId }, page)
    expect(listed.items).toEqual([entry])
  })

  test('nodes that ever earned are listed once, by id, however the pages fall', async () => {
    const after = aNode()
    await post(accrualFor(after, 1n))
    const nodes = [aNode(), aNode(), aNode()]
    for (const nodeId of nodes.toReversed()) await post(accrualFor(nodeId, 1n))
    await post(accrualFor(nodes[1] ?? '', 1n))
    for (const limit of [1, 2, 3, 100]) {
      const list = ledger().journal.listEarners
      expect(await walk(list, { limit, after })).toEqual(nodes)
    }
  })
}
