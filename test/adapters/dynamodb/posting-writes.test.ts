import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { enforceRights } from '../../../src/adapters/dynamodb/enforce-rights.ts'
import { makeJournalStore } from '../../../src/adapters/dynamodb/journal-store.ts'
import { move } from '../../../src/ledger/journal.ts'
import type { Posting } from '../../../src/ledger/journal-ports.ts'
import type { Principal } from '../../../src/rights.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../../support/embedded-dynamodb.ts'
import { anAccountId } from './facts.ts'
import {
  aBook,
  accrual,
  aLateClaim,
  aNodeId,
  anAdjustment,
  anEntry,
  aPayout,
  customer,
  escrow,
  everything,
  host,
  inTransit,
  posted,
  posting,
  topUp,
} from './journal-facts.ts'
import { type OpenJournal, openJournal } from './open-journal.ts'

let engine: EmbeddedDynamodb
let open: OpenJournal
let journal: OpenJournal['journal']
beforeAll(async () => {
  engine = await startEmbeddedDynamodb()
  open = openJournal(engine)
  journal = open.journal
})
afterAll(() => engine.stop())

describe('the earnings of a node', () => {
  test('do not exist before it earned', async () => {
    expect(await journal.readEarnings(aNodeId())).toBeUndefined()
  })

  test('follow its money through accrual, payout, its return and its arrival', async () => {
    const nodeId = await open.nodeWith(300n)
    await journal.post(posting(accrual([nodeId, 200n])))
    const steps = [
      anEntry('payout', move(500n, host(nodeId), inTransit(nodeId))),
      anEntry('payout_returned', move(500n, inTransit(nodeId), host(nodeId))),
      anEntry('payout', move(450n, host(nodeId), inTransit(nodeId))),
      anEntry('payout_paid', move(450n, inTransit(nodeId), { kind: 'wash' })),
    ]
    for (const entry of steps) expect(await journal.post(posting(entry))).toEqual(posted)
    expect(await journal.readEarnings(nodeId)).toEqual({
      nodeId,
      accrued: 500n,
      payable: 50n,
      inTransit: 0n,
      paid: 450n,
      clawedBack: 0n,
      escrowed: 0n,
    })
    const [first, ...older] = await open.entriesOfNode(nodeId)
    expect(first).toEqual(steps.at(-1))
    expect(older).toHaveLength(5)
  })

  test('are taken back by a refund that the host bears', async () => {
    const [nodeId, accountId] = [await open.nodeWith(80n), await open.customerWith(0n)]
    await journal.post(posting(anEntry('refund', move(30n, host(nodeId), customer(accountId)))))
    expect(await journal.readEarnings(nodeId)).toMatchObject({
      accrued: 80n,
      payable: 50n,
      clawedBack: 30n,
    })
  })

  test('wait in escrow first when they were claimed late', async () => {
    const nodeId = aNodeId()
    const claimed = anEntry('late_claim', move(70n, { kind: 'shortfall' }, escrow(nodeId)))
    await journal.post(posting(claimed))
    expect(await journal.readEarnings(nodeId)).toMatchObject({ accrued: 0n, escrowed: 70n })
    await journal.post(posting(anEntry('late_release', move(70n, escrow(nodeId), host(nodeId)))))
    expect(await journal.readEarnings(nodeId)).toMatchObject({
      accrued: 70n,
      payable: 70n,
      escrowed: 0n,
    })
  })

  test.each([
    ['payable', 'payout', host, inTransit],
    ['in transit', 'payout_returned', inTransit, host],
    ['in escrow', 'late_release', escrow, host],
  ] as const)('never fall below zero: %s', async (_, kind, from, to) => {
    const nodeId = await open.nodeWith(80n)
    const entry = anEntry(kind, move(81n, from(nodeId), to(nodeId)))
    expect(await journal.post(posting(entry))).toEqual({ kind: 'refused', by: 'earnings' })
    expect(await journal.readEarnings(nodeId)).toMatchObject({ accrued: 80n, payable: 80n })
  })

  test('of a node that never earned cannot be taken', async () => {
    const nodeId = aNodeId()
    const entry = anEntry('payout', move(1n, host(nodeId), inTransit(nodeId)))
    expect(await journal.post(posting(entry))).toEqual({ kind: 'refused', by: 'earnings' })
    expect(await journal.readEarnings(nodeId)).toBeUndefined()
  })

  test('that begin in eight postings at once begin once', async () => {
    const [one, other] = [aNodeId(), aNodeId()]
    const outcomes = await Promise.all(
      open.processes(8).map((store) => store.post(posting(accrual([one, 5n], [other, 1n])))),
    )
    expect(outcomes).toEqual(Array(8).fill(posted))
    expect(await journal.readEarnings(one)).toMatchObject({ accrued: 40n, payable: 40n })
    expect(await journal.readEarnings(other)).toMatchObject({ accrued: 8n, payable: 8n })
  })

  test('are not begun by a posting that is refused', async () => {
    const nodeId = aNodeId()
    const book = { kind: 'book', from: aBook(anAccountId()), to: aBook(anAccountId()) } as const
    expect(await journal.post(posting(accrual([nodeId, 5n]), book))).toEqual({
      kind: 'refused',
      by: book,
    })
    expect(await journal.readEarnings(nodeId)).toBeUndefined()
  })

  test('that break a promise are not acted upon', async () => {
    const nodeId = await open.nodeWith(80n)
    const Key = { pk: `host#${nodeId}`, sk: 'earnings' }
    const TableName = engine.tables.balances
    const { Item } = await engine.client.get({ TableName, Key })
    const Broken = { ...Item, accrued: 79n, payable: 80n, inTransit: 0n, paid: 0n }
    const rest = { clawedBack: 0n, escrowed: 0n }
    await engine.client.put({ TableName, Item: { ...Broken, ...rest } })
    await expect(journal.readEarnings(nodeId)).rejects.toThrow('S13')
  })
})

describe('every principal', () => {
  const within = (principal: Principal) => makeJournalStore(enforceRights(engine, principal))

  test('has the rights to post what it posts', async () => {
    const [accountId, nodeId] = [await open.customerWith(100n), aNodeId()]
    const claim = aLateClaim(nodeId)
    const late = { kind: 'late_claim', claim, from: undefined } as const
    const day = { subject: nodeId, day: '2026-11-21', countMax: 3, amount: 70n, amountMax: 70n }
    const released = { ...late, claim: { ...claim, state: 'released' }, from: 'escrowed' } as const
    const book = { kind: 'book', from: undefined, to: aBook(accountId) } as const
    const refund = { accountId, holdId: claim.holdId, amount: 10n, charge: 10n }
    const adjustment = anAdjustment({ accountId })
    const { reference } = await within('admin').requestAdjustment(adjustment)
    const payout = { kind: 'payout', payout: aPayout(nodeId), from: undefined } as const
    const paid = {
      ...payout,
      payout: aPayout(nodeId, { state: 'paid' }),
      from: 'in_transit',
    } as const
    const wash = { kind: 'wash' } as const
    const steps: readonly (readonly [Principal, Posting])[] = [
      ['accrue-earnings', posting(accrual([nodeId, 500n]), book)],
      [
        'ingest',
        posting(anEntry('late_claim', move(70n, { kind: 'shortfall' }, escrow(nodeId))), late, {
          kind: 'late_day',
          ...day,
        }),
      ],
      [
        'close-payouts',
        posting(anEntry('late_release', move(70n, escrow(nodeId), host(nodeId))), released),
      ],
      [
        'admin',
        posting(anEntry('refund', move(10n, host(nodeId), customer(accountId))), {
          kind: 'refund',
          ...refund,
        }),
      ],
      [
        'admin',
        posting(anEntry('adjustment', move(10n, customer(accountId), { kind: 'adjustments' })), {
          kind: 'approval',
          reference,
        }),
      ],
      [
        'close-payouts',
        posting(anEntry('payout', move(500n, host(nodeId), inTransit(nodeId))), payout),
      ],
      ['admin', posting(anEntry('payout_paid', move(500n, inTransit(nodeId), wash)), paid)],
    ]
    for (const [principal, step] of steps) {
      expect([step.entry.kind, await within(principal).post(step)]).toEqual([
        step.entry.kind,
        posted,
      ])
    }
    expect(await open.money(accountId)).toBe('100 100 0')
    expect(await journal.readEarnings(nodeId)).toEqual({
      nodeId,
      accrued: 570n,
      payable: 60n,
      inTransit: 0n,
      paid: 500n,
      clawedBack: 10n,
      escrowed: 0n,
    })
  })

  test('that only proves the books can read all of them, and post nothing', async () => {
    const nodeId = await open.nodeWith(5n)
    const long = accrual(...Array.from({ length: 8 }, () => [aNodeId(), 1n] as const), [nodeId, 1n])
    await journal.post(posting(long))
    const reconciler = within('reconcile-ledger')
    const { items } = await reconciler.listEntries({ kind: 'host', nodeId }, everything)
    expect(items.map(({ entryId }) => entryId)).toContain(long.entryId)
    const post = reconciler.post(posting(topUp(await open.customerWith(0n), 1n)))
    await expect(post).rejects.toThrow('reconcile-ledger has no right')
  })
})
