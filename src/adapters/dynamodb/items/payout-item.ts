/** A payout as it is stored, beside the entries of its node. */
import * as z from 'zod'
import type { Payout } from '../../../ledger/journal-ports.ts'
import { Amount, Int } from '../item-fields.ts'
import { hostPartition } from './earnings-item.ts'

const PayoutItem = z.strictObject({
  pk: z.string(),
  sk: z.string(),
  nodeId: z.string(),
  period: z.string(),
  amount: Amount,
  state: z.enum(['in_transit', 'paid', 'returned']),
  closedAtMs: Int,
  transferId: z.string().optional(),
})

export const payoutPrefix = 'payout#'
export const payoutKey = (nodeId: string, period: string) => ({
  pk: hostPartition(nodeId),
  sk: `${payoutPrefix}${period}`,
})

export const toPayoutItem = (payout: Payout) => ({
  ...payoutKey(payout.nodeId, payout.period),
  ...payout,
})

export function fromPayoutItem(item: Readonly<Record<string, unknown>>): Payout {
  const { pk: _, sk: __, ...payout } = PayoutItem.parse(item)
  return { ...payout, transferId: payout.transferId }
}
