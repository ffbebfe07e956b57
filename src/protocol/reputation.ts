/** What a node's past is worth, as its owner and operators are shown it, event by event. */
import * as z from 'zod'
import { NodeId } from './ids.ts'

const share = z.number().min(0).max(1)

const Respect = z.object({
  /** What counts: the share of good that the evidence bears out with 95 % confidence. */
  lower_bound: share,
  /** Weights of what was seen, faded to now. */
  good: z.number().min(0),
  bad: z.number().min(0),
})

export const WireReputation = z.object({
  node_id: NodeId,
  score: share,
  /** Paid requests of others that the node served. */
  paid_requests: z.int().min(0),
  delivery: Respect,
  integrity: Respect,
  accounting: Respect,
  /** Newest first; alike ones of one page of receipts are one event. */
  events: z.array(
    z.object({
      at: z.string(),
      dimension: z.enum(['delivery', 'integrity', 'accounting']),
      reason: z.string(),
      message: z.string(),
      is_good: z.boolean(),
      count: z.int().min(1),
      weight: z.number().min(0),
    }),
  ),
})
export type WireReputation = z.infer<typeof WireReputation>

/** `GET /ingest/v1/reputation`, signed as a request whose body has no bytes. */
export const ReputationReply = z.object({
  ok: z.literal(true),
  server_time_ms: z.int(),
  reputation: WireReputation,
})
export type ReputationReply = z.infer<typeof ReputationReply>
