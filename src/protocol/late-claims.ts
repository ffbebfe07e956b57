/**
 * What a host asks for when its dispatch was lost with the gateway, what it is answered, and what it
 * has earned. Each offer of a batch is judged by itself, so that one that is wrong costs only itself.
 */
import * as z from 'zod'
import { SignedClaim } from './claim.ts'
import { NodeId, Sha256Hex } from './ids.ts'
import { limits } from './limits.ts'
import { SignedTicket } from './ticket.ts'

/** The ticket as the gateway signed it, and what the node claims for it. */
export const LateClaimOffer = z.object({ ticket: SignedTicket, claim: SignedClaim })
export type LateClaimOffer = z.infer<typeof LateClaimOffer>

/** Body of `POST /ingest/v1/claims`; what an offer must be is told offer by offer. */
export const LateClaimBatch = z.object({
  v: z.literal(1),
  node_id: NodeId,
  claims: z.array(z.unknown()).min(1).max(limits.lateClaimsPerBatch),
})
export type LateClaimBatch = z.infer<typeof LateClaimBatch>

const usd = z.string()
const isoTime = z.string()

/**
 * `escrowed`: payable from `payable_at` on. `released`: payable since then. `refused`: never, for
 * `reason`. `retry`: not known yet; the same offer again finds out.
 */
export const LateClaimStatus = z.enum(['escrowed', 'released', 'refused', 'retry'])

export const LateClaimAnswer = z.object({
  /** Null for an offer that has no readable ticket. */
  ticket_hash: Sha256Hex.nullable(),
  status: LateClaimStatus,
  /** Null while nothing is known. */
  amount_usd: usd.nullable(),
  payable_at: isoTime.nullable(),
  reason: z.string().max(64).nullable(),
})
export type LateClaimAnswer = z.infer<typeof LateClaimAnswer>

/** One answer per offer, in the order of the batch. */
export const LateClaimReply = z.object({
  ok: z.literal(true),
  server_time_ms: z.int(),
  claims: z.array(LateClaimAnswer),
})
export type LateClaimReply = z.infer<typeof LateClaimReply>

/** `GET /ingest/v1/earnings`, signed as a request whose body has no bytes. */
export const EarningsReply = z.object({
  ok: z.literal(true),
  server_time_ms: z.int(),
  node_id: NodeId,
  earnings: z.object({
    accrued_usd: usd,
    payable_usd: usd,
    in_transit_usd: usd,
    paid_usd: usd,
    clawed_back_usd: usd,
    escrowed_usd: usd,
  }),
  /** Those that wait, in order of time. */
  escrowed_claims: z.array(LateClaimAnswer),
  /** Newest period first. */
  payouts: z.array(
    z.object({
      /** UTC day. */
      period: z.string(),
      amount_usd: usd,
      state: z.enum(['in_transit', 'paid', 'returned']),
      closed_at: isoTime,
      transfer_id: z.string().nullable(),
    }),
  ),
})
export type EarningsReply = z.infer<typeof EarningsReply>
