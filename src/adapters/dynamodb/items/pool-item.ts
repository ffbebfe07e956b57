/** Pool shards and the public catalogue as they are stored: whole documents, rebuilt by a schedule. */
import * as z from 'zod'
import { ExcludedBy } from '../../../fleet/blockers.ts'
import type { PoolShard } from '../../../fleet/pool.ts'
import type { PublicCatalogue } from '../../../fleet/ports.ts'
import { RouteTier, TrustTier } from '../../../protocol/catalogue.ts'
import { RuntimeKind } from '../../../protocol/claim.ts'
import { PublicKey } from '../../../protocol/ed25519.ts'
import { ArtifactDigest, NodeId, ProfileId } from '../../../protocol/ids.ts'
import { limits } from '../../../protocol/limits.ts'
import { Int } from '../item-fields.ts'
import { cataloguePartition, VersionedModel } from './catalogue-item.ts'
import { fromBody, toBody } from './json-body.ts'

const timeMs = z.int().min(0)
const measure = z.number().min(0)

const StoredCandidate = z.strictObject({
  nodeId: NodeId,
  publicKey: PublicKey,
  routeUrl: z.url(),
  routeEpoch: z.int().min(0),
  profileId: ProfileId,
  runtimeId: z.string(),
  runtimeKind: RuntimeKind,
  routeTier: RouteTier,
  trustTier: TrustTier,
  artifactDigest: ArtifactDigest,
  contextLength: z.int().min(1),
  benchmarkId: z.string(),
  firstContentP50Ms: measure,
  tokensPerSecondP50: measure,
})

const StoredShard = z.strictObject({
  model: VersionedModel,
  builtAtMs: timeMs,
  grace: z.strictObject({ fromMs: timeMs, untilMs: timeMs }).optional(),
  shards: z.int().min(1),
  candidates: z.array(StoredCandidate).max(limits.candidatesPerShard),
  excludedBy: z.array(ExcludedBy),
})

const StoredCatalogue = z.strictObject({
  builtAtMs: timeMs,
  models: z.array(
    z.strictObject({
      model: VersionedModel,
      eligibleHosts: z.int().min(0),
      firstContentP50Ms: measure,
      tokensPerSecondP50: measure,
      quantizations: z.array(z.string()),
    }),
  ),
}) satisfies z.ZodType<PublicCatalogue>

const ShardCount = z.object({ shards: Int })

export const shardKey = (model: string, index: number) => ({
  pk: `pool#${model}`,
  sk: `shard#${index}`,
})

/** `shards` stands beside the body as well, so that a rebuild reads the old count alone. */
export const toShardItem = (model: string, index: number, shard: PoolShard) => ({
  ...shardKey(model, index),
  shards: shard.shards,
  body: toBody(shard, 'a pool shard'),
})
export function fromShardItem(item: unknown): PoolShard {
  const shard = fromBody(StoredShard, item)
  return { ...shard, grace: shard.grace }
}
export const fromShardCount = (item: unknown): number => ShardCount.parse(item).shards

export const publicCatalogueKey = { pk: cataloguePartition, sk: 'public' }

export const toPublicCatalogueItem = (catalogue: PublicCatalogue) => ({
  ...publicCatalogueKey,
  body: toBody(catalogue, 'the public catalogue'),
})
export const fromPublicCatalogueItem = (item: unknown): PublicCatalogue =>
  fromBody(StoredCatalogue, item)
