import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { move } from '../../../src/ledger/journal.ts'
import type { Book, LateClaim } from '../../../src/ledger/journal-ports.ts'
import { closePayout } from '../../../src/ledger/payout.ts'
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

describe('refunds of a charge', () => {
  const holdId = '01M0000000000000000000000A'
  const refundOf = (accountId: string, amount: bigint, charge = 100n) =>
    posting(anEntry('refund', move(amount, { kind: 'shortfall' }, customer(accountId))), {
      kind: 'refund',
      accountId,
      holdId,
      amount,
      charge,
    })

  test('come to the charge and not beyond', async () => {
    const accountId = await open.customerWith(0n)
    expect(await journal.post(refundOf(accountId, 60n))).toEqual(posted)
    const above = refundOf(accountId, 41n)
    expect(await journal.post(above)).toEqual({ kind: 'refused', by: above.guards[0] })
    expect(await journal.post(refundOf(accountId, 40n))).toEqual(posted)
    const none = refundOf(accountId, 1n)
    expect(await journal.post(none)).toEqual({ kind: 'refused', by: none.guards[0] })
    expect(await open.money(accountId)).toBe('100 100 0')
  })

  test('above the charge are refused at once', async () => {
    const accountId = await open.customerWith(0n)
    const above = refundOf(accountId, 101n)
    expect(await journal.post(above)).toEqual({ kind: 'refused', by: above.guards[0] })
    expect(await open.money(accountId)).toBe('0 0 0')
  })

  test('from eight processes at once never exceed it', async () => {
    const accountId = await open.customerWith(0n)
    const outcomes = await Promise.all(
      open.processes(8).map((store) => store.post(refundOf(accountId, 30n))),
    )
    expect(outcomes.filter(({ kind }) => kind === 'posted')).toHaveLength(3)
    expect(outcomes.filter(({ kind }) => kind === 'refused')).toHaveLength(5)
    expect(await open.money(accountId)).toBe('90 90 0')
  })
})

describe('a payout', () => {
  const closing = (nodeId: string, period: string, amount = 500n) =>
    posting(anEntry('payout', move(amount, host(nodeId), inTransit(nodeId))), {
      kind: 'payout',
      payout: aPayout(nodeId, { period, amount }),
      from: undefined,
    })

  test('goes through each of its states once', async () => {
    const nodeId = await open.nodeWith(500n)
    expect(await journal.post(closing(nodeId, '2026-11-21'))).toEqual(posted)
    expect(await journal.readPayout(nodeId, '2026-11-21')).toEqual(aPayout(nodeId))
    const confirm = (state: 'paid' | 'returned') => {
      const payout = aPayout(nodeId, { state, transferId: 'tr_1' })
      const isPaid = state === 'paid'
      const to = isPaid ? ({ kind: 'wash' } as const) : host(nodeId)
      return posting(
        anEntry(isPaid ? 'payout_paid' : 'payout_returned', move(500n, inTransit(nodeId), to)),
        { kind: 'payout', payout, from: 'in_transit' },
      )
    }
    expect(await journal.post(confirm('paid'))).toEqual(posted)
    expect(await journal.post(confirm('returned'))).toMatchObject({ kind: 'refused' })
    expect(await journal.readPayout(nodeId, '2026-11-21')).toEqual(
      aPayout(nodeId, { state: 'paid', transferId: 'tr_1' }),
    )
    expect(await journal.readEarnings(nodeId)).toMatchObject({ payable: 0n, paid: 500n })
  })

  test('of a period that is closed is refused, whatever else became payable', async () => {
    const nodeId = await open.nodeWith(500n)
    await journal.post(closing(nodeId, '2026-11-21'))
    await journal.post(posting(accrual([nodeId, 500n])))
    const again = closing(nodeId, '2026-11-21')
    expect(await journal.post(again)).toEqual({ kind: 'refused', by: again.guards[0] })
    expect(await journal.post(closing(nodeId, '2026-11-22'))).toEqual(posted)
  })

  test('that was never closed cannot be confirmed', async () => {
    const nodeId = await open.nodeWith(500n)
    await journal.post(closing(nodeId, '2026-11-21'))
    const payout = aPayout(nodeId, { period: '2026-11-20', state: 'paid' })
    const guard = { kind: 'payout', payout, from: 'in_transit' } as const
    const entry = anEntry('payout_paid', move(500n, inTransit(nodeId), { kind: 'wash' }))
    expect(await journal.post(posting(entry, guard))).toEqual({ kind: 'refused', by: guard })
    expect(await journal.readPayout(nodeId, '2026-11-20')).toBeUndefined()
  })

  test('closed by eight processes at once is paid once', async () => {
    const nodeId = await open.nodeWith(500n)
    const closed = await Promise.all(
      open
        .processes(8)
        .map((store) =>
          closePayout({ ...open.posting, journal: store }, { nodeId, period: '2026-11-21' }),
        ),
    )
    expect(closed.filter(({ kind }) => kind === 'closed')).toHaveLength(1)
    expect(await journal.readEarnings(nodeId)).toMatchObject({ payable: 0n, inTransit: 500n })
    const payouts = (await journal.listPayouts(nodeId, everything)).items
    expect(payouts.map(({ amount }) => amount)).toEqual([500n])
  })

  test('is listed by its node, newest period first, page by page', async () => {
    const nodeId = await open.nodeWith(500n)
    for (const period of ['2026-11-21', '2026-11-23', '2026-11-22']) {
      await journal.post(closing(nodeId, period, 100n))
    }
    const first = await journal.listPayouts(nodeId, { limit: 2, after: undefined })
    expect(first.items.map(({ period }) => period)).toEqual(['2026-11-23', '2026-11-22'])
    const rest = await journal.listPayouts(nodeId, { limit: 2, after: first.next })
    expect(rest.items.map(({ period }) => period)).toEqual(['2026-11-21'])
    expect(rest.next).toBeUndefined()
  })
})

describe('a late claim', () => {
  const claiming = (claim: LateClaim) =>
    posting(
      anEntry('late_claim', move(claim.amount, { kind: 'shortfall' }, escrow(claim.nodeId))),
      { kind: 'late_claim', claim, from: undefined },
    )
  const releasing = (claim: LateClaim) =>
    posting(anEntry('late_release', move(claim.amount, escrow(claim.nodeId), host(claim.nodeId))), {
      kind: 'late_claim',
      claim: { ...claim, state: 'released' },
      from: 'escrowed',
    })

  test('is claimed once and released once', async () => {
    const claim = aLateClaim(aNodeId())
    expect(await journal.readLateClaim(claim.ticketHash)).toBeUndefined()
    expect(await journal.post(claiming(claim))).toEqual(posted)
    expect(await journal.readLateClaim(claim.ticketHash)).toEqual(claim)
    expect(await journal.post(claiming(claim))).toMatchObject({ kind: 'refused' })
    expect(await journal.post(releasing(claim))).toEqual(posted)
    expect(await journal.post(releasing(claim))).toMatchObject({ kind: 'refused' })
    expect(await journal.readLateClaim(claim.ticketHash)).toEqual({ ...claim, state: 'released' })
  })

  test('is taken with its ticket, whoever claims it and when it would be payable', async () => {
    const claim = aLateClaim(aNodeId())
    await journal.post(claiming(claim))
    const other = { ...claim, nodeId: aNodeId(), payableAtMs: claim.payableAtMs + 1 }
    const again = claiming(other)
    expect(await journal.post(again)).toEqual({ kind: 'refused', by: again.guards[0] })
    expect(await journal.readLateClaim(claim.ticketHash)).toEqual(claim)
  })

  test('cannot be released before it was made', async () => {
    const nodeId = aNodeId()
    await journal.post(claiming(aLateClaim(nodeId)))
    const never = releasing(aLateClaim(nodeId))
    expect(await journal.post(never)).toEqual({ kind: 'refused', by: never.guards[0] })
  })

  test('is listed while it waits, in the order in which claims become payable', async () => {
    const nodeId = aNodeId()
    const [third, first, second, fourth] = [3, 1, 2, 4].map((payableAtMs) =>
      aLateClaim(nodeId, { payableAtMs }),
    )
    for (const claim of [third, first, second, fourth]) {
      if (claim) await journal.post(claiming(claim))
    }
    await journal.post(claiming(aLateClaim(aNodeId())))
    if (first) await journal.post(releasing(first))
    expect(await journal.listEscrowed(nodeId, 2)).toEqual([second, third])
    expect(await journal.listEscrowed(nodeId, 100)).toEqual([second, third, fourth])
  })

  const onDay = (subject: string, amount: bigint, day = '2026-11-21') =>
    posting(anEntry('late_claim', move(amount, { kind: 'shortfall' }, escrow(aNodeId()))), {
      kind: 'late_day',
      subject,
      day,
      countMax: 3,
      amount,
      amountMax: 100n,
    })

  test('counts against its day, by number', async () => {
    const subject = aNodeId()
    for (let count = 0; count < 3; count += 1) {
      expect(await journal.post(onDay(subject, 1n))).toEqual(posted)
    }
    const fourth = onDay(subject, 1n)
    expect(await journal.post(fourth)).toEqual({ kind: 'refused', by: fourth.guards[0] })
    expect(await journal.post(onDay(subject, 1n, '2026-11-22'))).toEqual(posted)
    expect(await journal.post(onDay(aNodeId(), 1n))).toEqual(posted)
  })

  test('counts against its day, by amount', async () => {
    const subject = anAccountId()
    expect(await journal.post(onDay(subject, 101n))).toMatchObject({ kind: 'refused' })
    expect(await journal.post(onDay(subject, 60n))).toEqual(posted)
    expect(await journal.post(onDay(subject, 41n))).toMatchObject({ kind: 'refused' })
    expect(await journal.post(onDay(subject, 40n))).toEqual(posted)
  })
})

describe('a book', () => {
  const moving = (from: Book | undefined, to: Book) =>
    posting(accrual([aNodeId(), 5n]), { kind: 'book', from, to })

  test('moves on from where it was, once', async () => {
    const accountId = anAccountId()
    const first = aBook(accountId)
    const second = { ...aBook(accountId, '01M0000000000000000000000B'), charges: 20n }
    expect(await open.closing.readBook(accountId)).toBeUndefined()
    expect(await journal.post(moving(first, second))).toMatchObject({ kind: 'refused' })
    expect(await journal.post(moving(undefined, first))).toEqual(posted)
    expect(await journal.post(moving(undefined, first))).toMatchObject({ kind: 'refused' })
    expect(await journal.post(moving(first, second))).toEqual(posted)
    expect(await journal.post(moving(first, second))).toMatchObject({ kind: 'refused' })
    expect(await open.closing.readBook(accountId)).toEqual(second)
  })
})

describe('an adjustment above the limit', () => {
  test('stands as it was first asked for', async () => {
    const first = anAdjustment()
    expect(await journal.readAdjustment(first.reference)).toBeUndefined()
    expect(await journal.requestAdjustment(first)).toEqual(first)
    const other = { ...first, amount: 99n, requestedBy: 'op_2' }
    expect(await journal.requestAdjustment(other)).toEqual(first)
    expect(await journal.readAdjustment(first.reference)).toEqual(first)
  })

  test('is approved once, together with its entry', async () => {
    const accountId = await open.customerWith(100n)
    const asked = anAdjustment({ accountId })
    await journal.requestAdjustment(asked)
    const approving = () =>
      posting(anEntry('adjustment', move(10n, customer(accountId), { kind: 'adjustments' })), {
        kind: 'approval',
        reference: asked.reference,
      })
    expect(await journal.post(approving())).toEqual(posted)
    const again = approving()
    expect(await journal.post(again)).toEqual({ kind: 'refused', by: again.guards[0] })
    expect(await journal.readAdjustment(asked.reference)).toEqual({ ...asked, state: 'approved' })
    expect(await open.money(accountId)).toBe('90 90 0')
  })

  test('that nobody asked for cannot be approved', async () => {
    const accountId = await open.customerWith(100n)
    const guard = { kind: 'approval', reference: 'nobody asked' } as const
    const entry = anEntry('adjustment', move(10n, customer(accountId), { kind: 'adjustments' }))
    expect(await journal.post(posting(entry, guard))).toEqual({ kind: 'refused', by: guard })
    expect(await journal.readAdjustment('nobody asked')).toBeUndefined()
  })
})
