/** How a host's key becomes a node: a challenge, a one-time join code, the owner's operator. */
import * as z from 'zod'
import { PublicKey } from './ed25519.ts'
import { NodeMode } from './heartbeat.ts'
import { NodeId } from './ids.ts'

export const JoinCode = z.string().regex(/^b3iq-join-[A-Za-z0-9_-]{22}$/, 'is not a join code')

export const ChallengeRequest = z.strictObject({ public_key: PublicKey })
export const ChallengeReply = z.object({
  challenge: z.string().max(512),
  /** Names the stage in the tag that the enrolment is signed under. */
  stage: z.string().min(1).max(32),
  server_time_ms: z.int(),
  expires_at_ms: z.int(),
})
export type ChallengeReply = z.infer<typeof ChallengeReply>

/** `direct`: the agent answers at this address itself. */
export const RouteOffer = z.strictObject({ kind: z.literal('direct'), url: z.url().max(256) })

export const EnrolRequest = z.object({
  public_key: PublicKey,
  join_code: JoinCode,
  challenge: z.string().max(512),
  mode: NodeMode,
  route: RouteOffer,
  facts: z.object({
    agent_version: z.string().max(64),
    os: z.string().max(64),
    arch: z.string().max(64),
    host_name: z.string().max(128),
  }),
})
export type EnrolRequest = z.infer<typeof EnrolRequest>

export const NodeStatus = z.enum([
  'pending',
  'approved',
  'active',
  'suspended',
  'retired',
  'banned',
])
export type NodeStatus = z.infer<typeof NodeStatus>

export const EnrolReply = z.object({
  node_id: NodeId,
  alias: z.string(),
  status: NodeStatus,
  stage: z.string(),
  route_epoch: z.int().min(1),
  /** Root keys that certify the gateway's daily ticket keys. */
  ticket_root_public_keys: z.array(PublicKey).min(1).max(8),
  next_in_ms: z.int(),
  server_time_ms: z.int(),
})
export type EnrolReply = z.infer<typeof EnrolReply>

/** Signed answer to a route probe: proves that the public route ends at the enrolled key. */
export const RouteProbeReply = z.strictObject({
  nonce: z.string().max(64),
  node_id: NodeId,
  route_epoch: z.int().min(0),
  at_ms: z.int(),
  signature: z.string(),
})
export type RouteProbeReply = z.infer<typeof RouteProbeReply>
export const routeProbePath = '/.well-known/b3iq/route'
