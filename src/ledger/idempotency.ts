/**
 * A client's idempotency key names one hold. Whether that attempt still runs, succeeded or left the
 * key free is not recorded a second time: the hold's own decision says it, so no crash can leave the
 * two at odds.
 */
import type { Decision, StoredClaim } from './ports.ts'

export type ClaimRefusal =
  /** The same key with another body. */
  | { readonly kind: 'claim_reused' }
  | { readonly kind: 'claim_running'; readonly holdId: string }
  | { readonly kind: 'claim_completed'; readonly holdId: string; readonly receiptHash: string }

/** An attempt that ended without a charge and without an answer may be made again. */
export function isFreed(decision: Decision | undefined): boolean {
  if (!decision) return false
  return decision.charge === 0n && decision.receipt.body.result.status !== 'completed'
}

export function refusalOfClaim(
  { holdId }: StoredClaim,
  decision: Decision | undefined,
): ClaimRefusal {
  return decision
    ? { kind: 'claim_completed', holdId, receiptHash: decision.receipt.receipt_hash }
    : { kind: 'claim_running', holdId }
}

/** How long a key keeps its attempt: as Stripe promises at the least. */
export const claimLifeMs = 24 * 60 * 60_000
