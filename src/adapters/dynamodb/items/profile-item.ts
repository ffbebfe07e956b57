/**
 * A node's profile as it is stored. The inventory writes its facts and the benchmark its evidence;
 * neither touches the other's.
 */
import * as z from 'zod'
import type { NodeProfile, ObservedBenchmark, OfferedProfile } from '../../../fleet/node.ts'
import { RouteTier } from '../../../protocol/catalogue.ts'
import { RuntimeKind } from '../../../protocol/claim.ts'
import { InventoryModel } from '../../../protocol/heartbeat.ts'
import { ArtifactDigest, ModelId, NodeId, ProfileId, Sha256Hex } from '../../../protocol/ids.ts'
import { Int, Measure } from '../item-fields.ts'

const BenchmarkField = z.object({
  benchmarkId: z.string(),
  atMs: Int,
  expiresAtMs: Int,
  artifactDigest: ArtifactDigest,
  runtimeVersion: z.string(),
  factsDigest: Sha256Hex,
  routeKind: z.enum(['direct', 'cloudflared_named']),
  harnessVersion: z.string(),
  isPaid: z.boolean(),
  samples: Int,
  firstContentP50Ms: Measure,
  firstContentP95Ms: Measure,
  prefillTokensPerSecond: Measure,
  tokensPerSecondP50: Measure,
  tokensPerSecondP5: Measure,
  concurrencyAtTarget: Int,
  errorRate: Measure,
  countRatio: Measure.nullable(),
  capabilities: z.object({
    streaming: z.boolean(),
    usage: z.boolean(),
    stop: z.boolean(),
    abort: z.boolean(),
    tools: z.boolean(),
    jsonSchema: z.boolean(),
    logprobs: z.boolean(),
    vision: z.boolean().optional(),
    contextTokens: Int,
  }),
  flags: z.array(z.enum(['above_roofline', 'below_roofline'])),
})

const LiveSpeedField = z.object({
  benchmarkId: z.string(),
  requests: Int,
  tokensPerSecondP50: Measure,
  histogram: z
    .object({
      counts: z.array(Int).max(64),
      pages: z.array(z.string()).max(64),
      total: Int.optional(),
      folds: Int,
    })
    .optional(),
})

const BenchmarkRunsField = z.object({
  startedAtMs: z.array(Int),
  triedAtMs: Int,
  leaseUntilMs: Int,
})

const SpotCheckField = z.object({
  passed: Int,
  failed: Int,
  failures: z.array(z.object({ atMs: Int, promptId: z.string() })),
  condemned: z.object({ atMs: Int, artifactDigest: ArtifactDigest }).optional(),
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
  artifactBytes: Int.nullish(),
  benchmark: BenchmarkField.optional(),
  benchmarkRuns: BenchmarkRunsField.optional(),
  liveSpeed: LiveSpeedField.optional(),
  spotChecks: SpotCheckField.optional(),
})

export function fromProfileItem(item: unknown): NodeProfile {
  const profile = ProfileItem.parse(item)
  const { artifactBytes, benchmark, benchmarkRuns, liveSpeed, spotChecks } = profile
  return {
    ...profile,
    artifactBytes: artifactBytes ?? undefined,
    benchmark,
    benchmarkRuns,
    liveSpeed,
    spotChecks: spotChecks && { ...spotChecks, condemned: spotChecks.condemned },
  }
}

/** By name, so that what we observed, which has fields of its own, is never among them. */
export const toInventoryFields = (profile: OfferedProfile) => ({
  nodeId: profile.nodeId,
  profileId: profile.profileId,
  model: profile.model,
  runtimeId: profile.runtimeId,
  runtimeKind: profile.runtimeKind,
  routeTier: profile.routeTier,
  artifactDigest: profile.artifactDigest,
  contextLength: profile.contextLength,
  installStatus: profile.installStatus,
  remote: profile.remote,
  artifactBytes: profile.artifactBytes ?? null,
})

export const toBenchmarkField = (benchmark: ObservedBenchmark) => ({ ...benchmark })
