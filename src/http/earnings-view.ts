/** What a node has earned and was paid, as operators and the node itself are shown it. */
import { type Earnings, noEarnings } from '../ledger/earnings.ts'
import type { Payout } from '../ledger/journal-ports.ts'
import { formatUsd } from '../money/nano-usd.ts'
import { isoTime } from './iso-time.ts'

/** Zero throughout for a node that never earned. */
export function toWireEarnings(nodeId: string, stored: Earnings | undefined) {
  const earnings = stored ?? noEarnings(nodeId)
  return {
    accrued_usd: formatUsd(earnings.accrued),
    payable_usd: formatUsd(earnings.payable),
    in_transit_usd: formatUsd(earnings.inTransit),
    paid_usd: formatUsd(earnings.paid),
    clawed_back_usd: formatUsd(earnings.clawedBack),
    escrowed_usd: formatUsd(earnings.escrowed),
  }
}

export function toWirePayout({ period, amount, state, closedAtMs, transferId }: Payout) {
  return {
    period,
    amount_usd: formatUsd(amount),
    state,
    closed_at: isoTime(closedAtMs),
    transfer_id: transferId ?? null,
  }
}
