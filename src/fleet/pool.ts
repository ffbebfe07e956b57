/**
 * The pool nominates: per model, shards of candidates that passed every gate when the schedule looked. A
 * request reads one shard; whether a candidate is alive now is decided by its hot item.
 */
import { approvedDigests, type PricedModel, priceFor } from '../catalogue/model.ts'
import type { RouteTier, TrustTier } from '../protocol/catalogue.ts'
import type { RuntimeKind } from '../protocol/claim.ts'
import type { Eligibility } from '../protocol/heartbeat.ts'
import { limits } from '../protocol/limits.ts'
import type { ExcludedBy } from './blockers.ts'
import { judgeGates, type Moment } from './gates.ts'
import type { Grace, HotItem, NodeFacts, NodeProfile, ObservedBenchmark } from './node.ts'

/** All that a dispatch needs to know of one profile of one node. */
export type Candidate = {
  readonly nodeId: string
  readonly publicKey: string
  readonly routeUrl: string
  readonly routeEpoch: number
  readonly profileId: string
  readonly runtimeId: string
  readonly runtimeKind: RuntimeKind
  readonly routeTier: RouteTier
  readonly trustTier: TrustTier
  readonly artifactDigest: string
  readonly contextLength: number
  readonly benchmarkId: string
  readonly firstContentP50Ms: number
  readonly tokensPerSecondP50: number
}

export type PoolShard = {
  readonly model: PricedModel
  readonly builtAtMs: number
  /** As it was stored when the shard was built: at dispatch nothing more is read for it. */
  readonly grace?: Grace | undefined
  /** How many shards the model has; the candidates of all of them are the pool. */
  readonly shards: number
  readonly candidates: readonly Candidate[]
  /** Why other profiles of this model are not in the pool. */
  readonly excludedBy: readonly ExcludedBy[]
}

/** One node with everything stored about it, as the schedules read it. */
export type FleetRow = {
  readonly node: NodeFacts
  readonly hot: HotItem | undefined
  readonly profiles: readonly NodeProfile[]
}

export type JudgedProfile = {
  readonly node: NodeFacts
  readonly profile: NodeProfile
  readonly eligibility: Eligibility
}

/** Gates of every profile of a node; a profile of no catalogued model is judged as unapproved. */
export function judgeNode(
  row: FleetRow,
  models: readonly PricedModel[],
  moment: Moment,
): JudgedProfile[] {
  const { node, hot } = row
  return row.profiles.map((profile) => {
    const model = models.find((one) => one.id === profile.model)
    const tiers = { routeTier: profile.routeTier, trustTier: node.trustTier }
    const facts = {
      node,
      hot,
      profile,
      approvedDigests: model ? approvedDigests(model) : new Set<string>(),
      isPriced: model !== undefined && priceFor(model, tiers) !== undefined,
    }
    return { node, profile, eligibility: judgeGates(facts, moment) }
  })
}

/** Undefined without evidence: only a benchmarked profile can be a candidate. */
export function toCandidate({ node, profile }: JudgedProfile): Candidate | undefined {
  return profile.benchmark && candidateWith(node, profile, profile.benchmark)
}

export function candidateWith(
  node: NodeFacts,
  profile: NodeProfile,
  evidence: Pick<ObservedBenchmark, 'benchmarkId' | 'firstContentP50Ms' | 'tokensPerSecondP50'>,
): Candidate {
  return {
    nodeId: node.nodeId,
    publicKey: node.publicKey,
    routeUrl: node.route.url,
    routeEpoch: node.route.epoch,
    profileId: profile.profileId,
    runtimeId: profile.runtimeId,
    runtimeKind: profile.runtimeKind,
    routeTier: profile.routeTier,
    trustTier: node.trustTier,
    artifactDigest: profile.artifactDigest,
    contextLength: profile.contextLength,
    benchmarkId: evidence.benchmarkId,
    firstContentP50Ms: evidence.firstContentP50Ms,
    tokensPerSecondP50: evidence.tokensPerSecondP50,
  }
}

/** Candidates dealt over as few shards as hold them; always at least one, so that empty is known. */
export function toShards(
  model: PricedModel,
  pool: { readonly candidates: readonly Candidate[]; readonly excludedBy: readonly ExcludedBy[] },
  { nowMs: builtAtMs, grace }: Moment,
): PoolShard[] {
  const { candidates, excludedBy } = pool
  const shards = Math.max(1, Math.ceil(candidates.length / limits.candidatesPerShard))
  return Array.from({ length: shards }, (_, index) => ({
    model,
    builtAtMs,
    grace,
    shards,
    candidates: candidates.filter((_, position) => position % shards === index),
    excludedBy,
  }))
}
