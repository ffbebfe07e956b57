/**
 * A node's profile as it is stored. The inventory writes its facts and the benchmark its evidence;
 * neither touches the other's.
 */
import * as z from 'zod'
import type { NodeProfile, ObservedBenchmark } from '../../../fleet/node.ts'
import { RouteTier } from '../../../protocol/catalogue.ts'
import { RuntimeKind } from '../../../protocol/claim.ts'
import { InventoryModel } from '../../../protocol/heartbeat.ts'
import { ArtifactDigest, ModelId, NodeId, ProfileId } from '../../../protocol/ids.ts'
import { Int, Measure } from '../item-fields.ts'

const BenchmarkField = z.object({
  benchmarkId: z.string(),
  atMs: Int,
  expiresAtMs: Int,
  artifactDigest: ArtifactDigest,
  runtimeVersion: z.string(),
  samples: Int,
  firstContentP50Ms: Measure,
  tokensPerSecondP50: Measure,
})

const ProfileItem = z.object({
  nodeId: NodeId,
  profileId: ProfileId,
  model: ModelId,
  runtimeId: z.string(),
  runtimeKind: RuntimeKind,
  routeTier: RouteTier,
  artifactDigest: ArtifactDigest,
  contextLength: Int,
  installStatus: InventoryModel.shape.status,
  remote: z.boolean(),
  benchmark: BenchmarkField.optional(),
})

export function fromProfileItem(item: unknown): NodeProfile {
  const profile = ProfileItem.parse(item)
  return { ...profile, benchmark: profile.benchmark }
}

/** All but the benchmark, which `toBenchmarkField` maps. */
export function toInventoryFields({ benchmark: _, ...fields }: NodeProfile) {
  return fields
}

export const toBenchmarkField = (benchmark: ObservedBenchmark) => ({ ...benchmark })
