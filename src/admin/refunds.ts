/** A charge given back to its customer, in part or whole, by the platform or by the host. */
import * as z from 'zod'
import type { AccountStore, Decision } from '../ledger/ports.ts'
import type { RefundDeps as LedgerRefundDeps } from '../ledger/refund.ts'
import { type Refunded, refund } from '../ledger/refund.ts'
import { absurd } from '../protocol/assert.ts'
import { HoldId, Sha256Hex } from '../protocol/ids.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import type { ReceiptStore } from '../receipts/ports.ts'
import { toWireEntry } from './entries.ts'
import { AmountUsd, amountOf, postingUnknown, Reference, referenceReused } from './posting-terms.ts'
import type { Call } from './routes.ts'

export type RefundDeps = LedgerRefundDeps & {
  readonly accounts: Pick<AccountStore, 'readAccount'>
  readonly receipts: Pick<ReceiptStore, 'readReceipt' | 'findByHash'>
}

export const RefundDraft = z
  .strictObject({
    receipt_hash: Sha256Hex.optional(),
    request_id: HoldId.optional(),
    /** The whole charge where none is given. */
    amount_usd: AmountUsd.optional(),
    bearer: z.enum(['platform', 'host']).default('platform'),
    reference: Reference,
  })
  .refine(
    ({ receipt_hash, request_id }) => (receipt_hash === undefined) !== (request_id === undefined),
    {
      message: 'Name the charge by either receipt_hash or request_id',
    },
  )

export async function refundCharge(
  deps: RefundDeps,
  draft: z.infer<typeof RefundDraft>,
  { id: accountId, by }: Call,
): Promise<Result<object>> {
  const { amount_usd, bearer, reference } = draft
  const given = amount_usd === undefined ? undefined : amountOf(amount_usd)
  if (given?.ok === false) return given
  const [account, decision] = await Promise.all([
    deps.accounts.readAccount(accountId),
    findDecision(deps, accountId, draft),
  ])
  if (!account) return refuse('account_not_found')
  if (decision?.accountId !== accountId) {
    return refuse('receipt_not_found', { message: 'This account has no such receipt.' })
  }
  if (decision.charge === 0n) {
    return refuse('refund_exceeds_charge', { message: 'Nothing was charged for this request.' })
  }
  const amount = given?.value ?? decision.charge
  return toAnswer(await refund(deps, decision, { amount, bearer, reference, by }))
}

async function findDecision(
  { receipts }: RefundDeps,
  accountId: string,
  { receipt_hash, request_id }: z.infer<typeof RefundDraft>,
): Promise<Decision | undefined> {
  if (receipt_hash !== undefined) return receipts.findByHash(receipt_hash)
  return request_id === undefined ? undefined : receipts.readReceipt(accountId, request_id)
}

function toAnswer(refunded: Refunded): Result<object> {
  switch (refunded.kind) {
    case 'refunded':
      return ok(toWireEntry(refunded.entry))
    case 'refunded_before':
      return refunded.isSame ? ok(toWireEntry(refunded.entry)) : referenceReused()
    case 'above_charge':
      return refuse('refund_exceeds_charge')
    case 'host_short':
      return refuse('host_balance_too_low', {
        message:
          "The host's payable earnings do not cover its part: let the platform bear the refund.",
      })
    case 'host_unpaid':
      return refuse('host_balance_too_low', {
        message:
          'The host may have earned nothing from this charge: let the platform bear the refund.',
      })
    case 'unavailable':
      return postingUnknown()
    default:
      return absurd(refunded)
  }
}
