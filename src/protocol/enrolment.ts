/** How a host's key becomes a node: a challenge, and a one-time join code or a cloud's word. */
import * as z from 'zod'
import { CallerIdentity } from './caller-identity.ts'
import { PublicKey } from './ed25519.ts'
import { NodeId, Sha256Hex } from './ids.ts'
import { NodeMode } from './node-conditions.ts'

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

/**
 * `direct`: the agent answers at this address itself; SHA-256 of the certificate's public key (SPKI)
 * where it is to be pinned. `cloudflared_named`: the operator opens a tunnel and names its host.
 */
export const RouteOffer = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('direct'),
    url: z.url().max(256),
    certificate_key_sha256: Sha256Hex.optional(),
  }),
  z.strictObject({ kind: z.literal('cloudflared_named') }),
])
export type RouteOffer = z.infer<typeof RouteOffer>

/** Where every named tunnel ends on its host: the agent listens there, on the loopback address. */
export const tunnelPort = 8443

/** What a node needs to hold its end of a named tunnel; the token is a secret. */
export const TunnelGrant = z.object({
  token: z.string().min(1).max(4096),
  host_name: z.string().min(1).max(253),
})
export type TunnelGrant = z.infer<typeof TunnelGrant>

export const EnrolRequest = z
  .object({
    public_key: PublicKey,
    join_code: JoinCode.optional(),
    caller_identity: CallerIdentity.optional().describe(
      'In place of `join_code`: a presigned question to STS, from an EC2 instance that the stage launched.',
    ),
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
  .refine((order) => (order.join_code === undefined) !== (order.caller_identity === undefined), {
    path: ['join_code'],
    message: 'or caller_identity must be given, and not both',
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

export const JobPublicKey = z.object({ key_id: z.string().min(1).max(64), public_key: PublicKey })
export type JobPublicKey = z.infer<typeof JobPublicKey>

/** The keys in use, those that come, and those that end: more than a stage has at a time. */
export const enrolledKeysMax = 8

export const EnrolReply = z.object({
  node_id: NodeId,
  alias: z.string(),
  status: NodeStatus,
  stage: z.string(),
  route_epoch: z.int().min(1),
  /** Root keys that certify the gateway's daily ticket keys. */
  ticket_root_public_keys: z.array(PublicKey).min(1).max(enrolledKeysMax),
  /** Keys whose jobs the node runs; none are run before it has heard of one. */
  job_public_keys: z.array(JobPublicKey).max(enrolledKeysMax).default([]),
  next_in_ms: z.int(),
  server_time_ms: z.int(),
  /** For the route `cloudflared_named`; the same again when the same key enrols again. */
  tunnel: TunnelGrant.optional(),
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
