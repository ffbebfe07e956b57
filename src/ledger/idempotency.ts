/**
 * A client's idempotency key names one hold. Whether that attempt still runs, succeeded or left the
 * key free is not recorded a second time: the hold's own decision says it, so no crash can leave the
 * two at odds.
 */
import type { ClaimStore, Decision, HoldStore, IdempotencyClaim, StoredClaim } from './ports.ts'

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

/** What a claim that is not to be taken any more was taken for; undefined where nothing came of it. */
export async function refusalOfUse(
  deps: { readonly claims: ClaimStore; readonly store: Pick<HoldStore, 'readDecision'> },
  accountId: string,
  claim: IdempotencyClaim,
): Promise<ClaimRefusal | undefined> {
  const stored = await deps.claims.readClaim(claim)
  if (!stored) return undefined
  if (stored.fingerprint !== claim.fingerprint) return { kind: 'claim_reused' }
  const decision = await deps.store.readDecision(accountId, stored.holdId)
  return isFreed(decision) ? undefined : refusalOfClaim(stored, decision)
}

/** How long a key keeps its attempt: as Stripe promises at the least. */
export const claimLifeMs = 24 * 60 * 60_000
