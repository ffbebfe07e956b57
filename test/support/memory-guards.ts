/** A posting's guards on plain maps: whether one passes, and what it records by passing. */
import type { Guard } from '../../src/ledger/journal-ports.ts'
import { type LedgerState, lateDayId, payoutId, refundedId } from './memory-state.ts'

export function passes(state: LedgerState, guard: Guard): boolean {
  switch (guard.kind) {
    case 'refund': {
      const refunded = state.refunded.get(refundedId(guard.accountId, guard.holdId)) ?? 0n
      return refunded + guard.amount <= guard.charge
    }
    case 'payout': {
      const { nodeId, period } = guard.payout
      return state.payouts.get(payoutId(nodeId, period))?.state === guard.from
    }
    case 'late_claim':
      return state.lateClaims.get(guard.claim.ticketHash)?.state === guard.from
    case 'late_day': {
      const day = state.lateDays.get(lateDayId(guard.subject, guard.day)) ?? emptyDay
      return day.count < guard.countMax && day.amount + guard.amount <= guard.amountMax
    }
    case 'book':
      return state.books.get(guard.to.accountId)?.through === guard.from?.through
    case 'approval':
      return state.adjustments.get(guard.reference)?.state === 'requested'
  }
}

export function record(state: LedgerState, guard: Guard): void {
  switch (guard.kind) {
    case 'refund': {
      const id = refundedId(guard.accountId, guard.holdId)
      state.refunded.set(id, (state.refunded.get(id) ?? 0n) + guard.amount)
      return
    }
    case 'payout': {
      const { nodeId, period } = guard.payout
      state.payouts.set(payoutId(nodeId, period), guard.payout)
      return
    }
    case 'late_claim':
      state.lateClaims.set(guard.claim.ticketHash, guard.claim)
      return
    case 'late_day': {
      const id = lateDayId(guard.subject, guard.day)
      const { count, amount } = state.lateDays.get(id) ?? emptyDay
      state.lateDays.set(id, { count: count + 1, amount: amount + guard.amount })
      return
    }
    case 'book':
      state.books.set(guard.to.accountId, guard.to)
      return
    case 'approval': {
      const adjustment = state.adjustments.get(guard.reference)
      if (adjustment) state.adjustments.set(guard.reference, { ...adjustment, state: 'approved' })
    }
  }
}

const emptyDay = { count: 0, amount: 0n } as const
