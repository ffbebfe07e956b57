/** A node's facts as they are stored: what changes rarely, apart from what every beat writes. */
import * as z from 'zod'
import type { NodeFacts } from '../../../fleet/node.ts'
import { TrustTier } from '../../../protocol/catalogue.ts'
import { PublicKey } from '../../../protocol/ed25519.ts'
import { NodeStatus } from '../../../protocol/enrolment.ts'
import { HostFacts } from '../../../protocol/heartbeat.ts'
import { NodeId, Region, Sha256Hex } from '../../../protocol/ids.ts'
import { JobId } from '../../../protocol/job.ts'
import { NodeMode } from '../../../protocol/node-conditions.ts'
import { Int, Measure } from '../item-fields.ts'
import { nodeKey } from './fleet-keys.ts'

const NodeItem = z.object({
  nodeId: NodeId,
  alias: z.string(),
  publicKey: PublicKey,
  ownerId: z.string(),
  status: NodeStatus,
  mode: NodeMode,
  trustTier: TrustTier,
  route: z.discriminatedUnion('kind', [
    z.object({
      kind: z.literal('direct'),
      url: z.url(),
      epoch: Int,
      certificateKeySha256: Sha256Hex.optional(),
    }),
    z.object({
      kind: z.literal('cloudflared_named'),
      url: z.url(),
      epoch: Int,
      tunnelId: z.string(),
    }),
  ]),
  enrolledAtMs: Int,
  region: Region.optional(),
  hostFacts: HostFacts.optional(),
  suspension: z
    .object({ reason: z.enum(['operator', 'cloned_identity', 'late_claims']), atMs: Int })
    .optional(),
  predecessorId: NodeId.optional(),
  successor: z.object({ nodeId: NodeId, untilMs: Int }).optional(),
  reputation: Measure.optional(),
  openJobs: z
    .set(JobId)
    .transform((ids) => [...ids].toSorted())
    .optional(),
  profilesBasis: z.string().max(128).optional(),
})

export const fromNodeItem = (item: unknown): NodeFacts => NodeItem.parse(item)

/** For a node that is new, also one that replaces another: it has no jobs yet. */
export function toNodeItem({ openJobs: _, ...node }: NodeFacts) {
  return { ...nodeKey(node.nodeId), ...node }
}
