/** The entry and the guards that a random posting's numbers stand for. */
import { type Entry, type Leg, move } from '../../src/ledger/journal.ts'
import type { Guard } from '../../src/ledger/journal-ports.ts'
import { absurd } from '../../src/protocol/assert.ts'
import { customerOf, escrowOf, hostOf, inTransitOf, shared } from './ledger-accounts.ts'
import type { EntryCall, GuardCall } from './random-calls.ts'
import type { Names } from './sequence-names.ts'

export function entryOf(call: EntryCall, names: Names): Pick<Entry, 'kind' | 'legs'> {
  switch (call.kind) {
    case 'top_up':
    case 'grant': {
      const source = call.kind === 'grant' ? shared.promo : shared.wash
      return { kind: call.kind, legs: move(call.amount, source, customer(call.account)) }
    }
    case 'adjustment':
      return {
        kind: 'adjustment',
        legs: move(call.amount, shared.adjustments, customer(call.account)),
      }
    case 'platform_refund':
      return { kind: 'refund', legs: move(call.amount, shared.shortfall, customer(call.account)) }
    case 'host_refund': {
      const fromHost = call.amount / 2n
      const legs: Leg[] = [
        { account: host(call.node), amount: -fromHost },
        { account: shared.fees, amount: fromHost - call.amount },
        { account: customer(call.account), amount: call.amount },
      ]
      return { kind: 'refund', legs }
    }
    case 'accrual': {
      const [one, other] = call.amounts
      const legs: Leg[] = [
        { account: shared.undistributed, amount: -(one + other + call.fee) },
        { account: host(0), amount: one },
        { account: host(1), amount: other },
        { account: shared.fees, amount: call.fee },
      ]
      return { kind: 'accrual', legs }
    }
    case 'late_claim':
      return { kind: 'late_claim', legs: move(call.amount, shared.shortfall, escrow(call.node)) }
    case 'late_release':
      return { kind: 'late_release', legs: move(call.amount, escrow(call.node), host(call.node)) }
    case 'payout':
      return { kind: 'payout', legs: move(call.amount, host(call.node), inTransit(call.node)) }
    case 'payout_paid':
      return { kind: 'payout_paid', legs: move(call.amount, inTransit(call.node), shared.wash) }
    case 'payout_returned':
      return {
        kind: 'payout_returned',
        legs: move(call.amount, inTransit(call.node), host(call.node)),
      }
    default:
      return absurd(call)
  }

  function customer(index: number) {
    return customerOf(names.account(index))
  }
  function host(index: number) {
    return hostOf(names.node(index))
  }
  function escrow(index: number) {
    return escrowOf(names.node(index))
  }
  function inTransit(index: number) {
    return inTransitOf(names.node(index))
  }
}

export function guardOf(call: GuardCall, names: Names): Guard {
  switch (call.kind) {
    case 'refund': {
      const { hold, amount, charge } = call
      return {
        kind: 'refund',
        accountId: names.accountOfHold(hold),
        holdId: names.hold(hold),
        amount,
        charge,
      }
    }
    case 'payout': {
      const { state, amount } = call
      const isClosed = state !== 'in_transit'
      const payout = {
        nodeId: names.node(call.node),
        period: names.period(call.period),
        amount,
        state,
        closedAtMs: 1,
        transferId: isClosed ? 'transfer-1' : undefined,
      }
      return { kind: 'payout', payout, from: isClosed ? 'in_transit' : undefined }
    }
    case 'late_claim': {
      const { ticket, amount, state } = call
      const claim = {
        ticketHash: names.ticket(ticket),
        nodeId: names.node(0),
        accountId: names.account(0),
        holdId: names.hold(ticket),
        amount,
        state,
        claimedAtMs: 1,
        payableAtMs: 100 - ticket,
      }
      return { kind: 'late_claim', claim, from: state === 'released' ? 'escrowed' : undefined }
    }
    case 'late_day': {
      const { node, ...bounds } = call
      return { ...bounds, subject: names.node(node), day: '2026-11-21' }
    }
    case 'book': {
      const accountId = names.account(call.account)
      const rest = { payable: 1n, unpayable: 2n, fees: 3n, grantsUsed: 4n }
      const through = (hold: number, charges: bigint) => {
        return { accountId, through: names.hold(hold), charges, ...rest }
      }
      const from = call.from === undefined ? undefined : through(call.from, 0n)
      return { kind: 'book', from, to: through(call.to, call.charges) }
    }
    case 'approval':
      return { kind: 'approval', reference: names.adjustment(call.adjustment) }
    default:
      return absurd(call)
  }
}
