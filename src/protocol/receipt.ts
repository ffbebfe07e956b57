/**
 * A receipt as it is hashed, signed and shown. The private part is one salted sub-hash in the
 * public body, so both views share one hash; the salt goes to the customer alone and is not kept.
 * Amounts are decimal USD strings, ids are strings, counts are integers: no float anywhere.
 */
import * as z from 'zod'
import { SignedClaim } from './claim.ts'
import { PublicKey, Signature } from './ed25519.ts'
import { AccountId, ArtifactDigest, HoldId, KeyId, ModelId, NodeId, Sha256Hex } from './ids.ts'
import { CountMethod, TokenCounts } from './usage.ts'

const usd = z.string().regex(/^(0|[1-9]\d{0,11})(\.\d{1,9})?$/)
const utcMinute = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\dZ$/
const durationMs = z.int().min(0)

/**
 * `completed`: the host finished. `partial`: cut after first content, delivered tokens billed.
 * `failed`: nothing delivered. `expired`: the gateway was lost and the sweeper released the hold.
 */
export const ResultStatus = z.enum(['completed', 'partial', 'failed', 'expired'])
export type ResultStatus = z.infer<typeof ResultStatus>

export const ReceiptServed = z.strictObject({
  profile_id: z.string(),
  artifact_digest: ArtifactDigest,
  route_tier: z.string(),
  trust_tier: z.string(),
  /** Bit 0 fresh, 1 route, 2 protocol, 3 runtime, 4 policy, as judged at dispatch. */
  gates: z.int().min(0).max(31),
  benchmark_id: z.string(),
  usage: z.strictObject({
    claimed: TokenCounts.nullable(),
    counted: TokenCounts,
    billed: TokenCounts,
    count_method: CountMethod,
    /** The claim was above the count by more than the tolerance; the lower side was billed. */
    inflated: z.boolean(),
  }),
  price: z.strictObject({
    version: z.int().min(0),
    prompt_usd_per_mtok: usd,
    cached_prompt_usd_per_mtok: usd,
    completion_usd_per_mtok: usd,
    /** Per image, or per begun second of audio; absent where tokens alone are sold. */
    unit_usd: usd.optional(),
    host_share_bps: z.int().min(0).max(10_000),
  }),
  node_receipt_hash: Sha256Hex.nullable(),
})
export type ReceiptServed = z.infer<typeof ReceiptServed>

export const ReceiptBody = z.strictObject({
  v: z.literal(1),
  stage: z.string(),
  model: ModelId.nullable(),
  result: z.strictObject({
    status: ResultStatus,
    finish_reason: z.string().nullable(),
    error: z.string().nullable(),
  }),
  /** Null where no host was paid: nothing served. */
  served: ReceiptServed.nullable(),
  charge: z.strictObject({ charge_usd: usd, host_share_usd: usd, fee_usd: usd }),
  /** UTC minute: exact times are private. */
  minute: z.string().regex(utcMinute),
  timings: z.strictObject({
    first_content_ms: durationMs.nullable(),
    total_ms: durationMs.nullable(),
  }),
  private_sha256: Sha256Hex,
  key_id: z.string(),
})
export type ReceiptBody = z.infer<typeof ReceiptBody>

export const ReceiptAttempt = z.strictObject({
  node_id: NodeId,
  outcome: z.string(),
  ticket_hash: Sha256Hex,
})
export type ReceiptAttempt = z.infer<typeof ReceiptAttempt>

export const ReceiptPrivate = z.strictObject({
  request_id: HoldId,
  account_id: AccountId,
  /** Null when the sweeper released a hold whose request left no trace. */
  key_id: KeyId.nullable(),
  hold_usd: usd,
  started_at_ms: z.int(),
  attempts: z.array(ReceiptAttempt),
  node_public_key: PublicKey.nullable(),
  claim: SignedClaim.nullable(),
  /** SHA-256 over salt and bytes: only who has both can connect a text with this receipt. */
  request_commitment: Sha256Hex.nullable(),
  output_commitment: Sha256Hex.nullable(),
})
export type ReceiptPrivate = z.infer<typeof ReceiptPrivate>

/** As stored: everything but the salt. */
export const StoredReceipt = z.strictObject({
  receipt_hash: Sha256Hex,
  body: ReceiptBody,
  signature: Signature,
  private: ReceiptPrivate,
})
export type StoredReceipt = z.infer<typeof StoredReceipt>

/** As `GET /v1/receipts/{hash}` answers; `private` only for the owner's key. */
export const ReceiptView = z.object({
  object: z.literal('receipt'),
  receipt_hash: Sha256Hex,
  body: ReceiptBody,
  signature: Signature,
  private: ReceiptPrivate.optional(),
  /** Present when the customer adds it to a file for verification. */
  salt: z.string().optional(),
})
export type ReceiptView = z.infer<typeof ReceiptView>
