/**
 * A model's pool as it is stored: a head, and shards whose candidates are packed, because they
 * repeat each other's field names and builds. A pass rebuilds all of it, so there is nothing to migrate.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import * as z from 'zod'
import { ExcludedBy } from '../../../fleet/blockers.ts'
import type { Candidate, PoolHead } from '../../../fleet/pool.ts'
import type { PackedShard, PublicCatalogue, StoredShard } from '../../../fleet/ports.ts'
import { RouteTier, TrustTier } from '../../../protocol/catalogue.ts'
import { RuntimeKind } from '../../../protocol/claim.ts'
import { PublicKey } from '../../../protocol/ed25519.ts'
import { ArtifactDigest, NodeId, ProfileId, Region, Sha256Hex } from '../../../protocol/ids.ts'
import { limits } from '../../../protocol/limits.ts'
import { Int } from '../item-fields.ts'
import { cataloguePartition, VersionedModel } from './catalogue-item.ts'
import { placeOf } from './fleet-keys.ts'
import { fromBody, toBody } from './json-body.ts'

/** Two units of an eventually consistent read at most; 28 ordinary hosts take about 5 KB. */
export const shardBytesMax = 8 * 1024
/** Bounds what a damaged item can unfold to. */
const jsonBytesMax = 64 * 1024

const timeMs = z.int().min(0)
const measure = z.number().min(0)

const StoredCandidate = z.strictObject({
  nodeId: NodeId,
  publicKey: PublicKey,
  routeUrl: z.url(),
  routeEpoch: z.int().min(0),
  certificateKeySha256: Sha256Hex.optional(),
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
  region: Region.optional(),
  ownerTag: z.string().max(12).optional(),
  reputation: z.number().min(0).max(1).optional(),
  capabilities: z.array(z.enum(['tools', 'jsonSchema', 'logprobs', 'vision'])).optional(),
  slots: z.int().min(1).optional(),
  headroom: z.number().min(0).max(1).optional(),
  evidence: z
    .strictObject({ untilMs: timeMs, runtimeVersion: z.string(), factsDigest: Sha256Hex })
    .optional(),
}) satisfies z.ZodType<Candidate>

const StoredCandidates = z.array(StoredCandidate).max(limits.candidatesPerShard)

const StoredHead = z.strictObject({
  model: VersionedModel,
  builtAtMs: timeMs,
  grace: z.strictObject({ fromMs: timeMs, untilMs: timeMs }).optional(),
  shards: z.int().min(1),
  excludedBy: z.array(ExcludedBy),
}) satisfies z.ZodType<PoolHead>

const Shares = z.strictObject({ p50: measure, p95: measure })
const StoredCatalogue = z.strictObject({
  builtAtMs: timeMs,
  models: z.array(
    z.strictObject({
      model: VersionedModel,
      eligibleHosts: z.int().min(0),
      firstContentP50Ms: measure,
      tokensPerSecondP50: measure,
      quantizations: z.array(z.string()),
      variants: z.array(
        z.strictObject({
          routeTier: RouteTier,
          trustTier: TrustTier,
          eligibleHosts: z.int().min(0),
          firstContentMs: Shares,
          tokensPerSecond: z.strictObject({ p50: measure, p5: measure }),
          capabilities: z.strictObject({
            tools: z.boolean(),
            jsonSchema: z.boolean(),
            logprobs: z.boolean(),
          }),
          contextTokens: z.int().min(0),
        }),
      ),
    }),
  ),
}) satisfies z.ZodType<PublicCatalogue>

const poolPartition = (model: string) => `pool#${model}`

export const headKey = (model: string) => ({ pk: poolPartition(model), sk: 'head' })
/** `shards` stands beside the body as well: what looks for a shard needs only the number. */
export const toHeadItem = (head: PoolHead) => ({
  ...headKey(head.model.id),
  shards: head.shards,
  body: toBody(head, 'the head of a pool'),
})
export const fromHeadItem = (item: unknown): PoolHead => fromBody(StoredHead, item)

const ShardCount = z.object({ shards: Int })
export const fromShardCount = (item: unknown): number => ShardCount.parse(item).shards

export const shardKey = (model: string, index: number) => ({
  pk: poolPartition(model),
  sk: `shard#${index}`,
})

/** Undefined where the candidates are too many for one shard, or too large. */
export function packShard(candidates: readonly Candidate[]): PackedShard | undefined {
  if (candidates.length > limits.candidatesPerShard) return undefined
  const json = JSON.stringify(candidates)
  if (Buffer.byteLength(json) > jsonBytesMax) return undefined
  const body = deflateRawSync(json)
  return body.byteLength > shardBytesMax ? undefined : { firstNodeId: candidates[0]?.nodeId, body }
}

/** The version is what stands there: who changes the same to the same has lost nothing. */
export const toShardItem = (
  model: string,
  index: number,
  { from, version, body }: { from: string; version: string; body: Uint8Array },
) => ({ ...shardKey(model, index), from, version, body })

/** Where the shard's run of nodes begins. */
export const beginningOf = ({ firstNodeId }: PackedShard): string =>
  firstNodeId === undefined ? '' : placeOf(firstNodeId)

const ShardBeginning = z.object({ from: z.string() })
export const fromShardBeginning = (item: unknown): string => ShardBeginning.parse(item).from

const ShardItem = z.object({
  version: z.string(),
  body: z
    .instanceof(Uint8Array)
    .transform((body) => inflateRawSync(body, { maxOutputLength: jsonBytesMax }).toString('utf8'))
    .transform((json): unknown => JSON.parse(json))
    .pipe(StoredCandidates),
})

export function fromShardItem(item: unknown, index: number): StoredShard {
  const { version, body: candidates } = ShardItem.parse(item)
  return { index, version, candidates }
}

const ShardVersion = z.object({ version: z.string() })
export const fromShardVersion = (item: unknown): string => ShardVersion.parse(item).version

export const publicCatalogueKey = { pk: cataloguePartition, sk: 'public' }

export const toPublicCatalogueItem = (catalogue: PublicCatalogue) => ({
  ...publicCatalogueKey,
  body: toBody(catalogue, 'the public catalogue'),
})
export const fromPublicCatalogueItem = (item: unknown): PublicCatalogue =>
  fromBody(StoredCatalogue, item)
