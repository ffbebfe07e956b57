/**
 * A client's idempotency key as it is stored: hashed, beside the hold that it names. DynamoDB deletes
 * the item some time after it expires; until then the conditions read the time.
 */
import * as z from 'zod'
import type { IdempotencyClaim, StoredClaim } from '../../../ledger/ports.ts'
import { Int } from '../item-fields.ts'

const ClaimItem = z.object({ fingerprint: z.string(), holdId: z.string() })
const Expiry = z.object({ expiresAtSec: Int })

export const claimKey = (claimHash: string) => ({ pk: `claim#${claimHash}`, sk: 'claim' })

export function toClaimItem(claim: IdempotencyClaim, holdId: string) {
  const { claimHash, fingerprint, expiresAtSec } = claim
  return { ...claimKey(claimHash), fingerprint, holdId, expiresAtSec }
}

export function fromClaimItem(item: Readonly<Record<string, unknown>>): StoredClaim {
  return ClaimItem.parse(item)
}

/** Undefined for one whose time is over: it stands for nothing any more. */
export function standingClaim(
  item: Readonly<Record<string, unknown>>,
  nowSec: number,
): StoredClaim | undefined {
  return Expiry.parse(item).expiresAtSec > nowSec ? fromClaimItem(item) : undefined
}
