/**
 * A client's idempotency key as it is stored: hashed, beside the hold that it names. DynamoDB deletes
 * the item some time after it expires; until then the conditions read the time.
 */
import * as z from 'zod'
import type { IdempotencyClaim, StoredClaim } from '../../../ledger/ports.ts'

const ClaimItem = z.object({ fingerprint: z.string(), holdId: z.string() })

export function toClaimItem(claim: IdempotencyClaim, holdId: string) {
  const { claimHash, fingerprint, expiresAtSec } = claim
  return { pk: `claim#${claimHash}`, sk: 'claim', fingerprint, holdId, expiresAtSec }
}

export function fromClaimItem(item: Readonly<Record<string, unknown>>): StoredClaim {
  return ClaimItem.parse(item)
}
