/** A correction above the limit as it is stored, under its reference. */
import * as z from 'zod'
import type { Adjustment } from '../../../ledger/journal-ports.ts'
import { Amount, Int } from '../item-fields.ts'

const AdjustmentItem = z.strictObject({
  pk: z.string(),
  sk: z.string(),
  reference: z.string(),
  accountId: z.string(),
  amount: Amount,
  reason: z.string(),
  requestedBy: z.string(),
  requestedAtMs: Int,
  state: z.enum(['requested', 'approved']),
})

export const adjustmentKey = (reference: string) => ({
  pk: `adjustment#${reference}`,
  sk: 'adjustment',
})

export const toAdjustmentItem = (adjustment: Adjustment) => ({
  ...adjustmentKey(adjustment.reference),
  ...adjustment,
})

export function fromAdjustmentItem(item: Readonly<Record<string, unknown>>): Adjustment {
  const { pk: _, sk: __, ...adjustment } = AdjustmentItem.parse(item)
  return adjustment
}
