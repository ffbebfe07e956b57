/**
 * The pool nominates: per model, shards of candidates that passed every gate when the schedule looked. A
 * request reads two shards, and up to four where those hold too little for it; whether a candidate is
 * alive now is decided by its hot item.
 */
import { approvedDigests, type PricedModel } from '../catalogue/model.ts'
import type { RouteTier, TrustTier } from '../protocol/catalogue.ts'
import type { RuntimeKind } from '../protocol/claim.ts'
import type { Eligibility } from '../protocol/heartbeat.ts'
import type { ExcludedBy } from './blockers.ts'
import { type Evidence, judgeGates, type Moment } from './gates.ts'
import type {
  Grace,
  HotItem,
  NodeFacts,
  NodeProfile,
  NodeRoute,
  ObservedBenchmark,
  QueueFact,
} from './node.ts'
import { ownerTagOf } from './owner-tag.ts'

/** All that a dispatch needs to know of one profile of one node. */
export type Candidate = {
  readonly nodeId: string
  readonly publicKey: string
  readonly routeUrl: string
  readonly routeEpoch: number
  /** The key that the route's certificate must hold, where the node registered one. */
  readonly certificateKeySha256?: string | undefined
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
  /** Where its operator says that it stands. */
  readonly region?: string | undefined
  /** Its owner, hashed short. */
  readonly ownerTag?: string | undefined
  /** Score of the node's past, 0 to 1; undefined for a newcomer. */
  readonly reputation?: number | undefined
  /** What was measured to work there; absent while somebody measures. */
  readonly capabilities?: readonly Capability[] | undefined
  /** Requests that may run there at once, and the share of them that was free at the last beat. */
  readonly slots?: number | undefined
  readonly headroom?: number | undefined
  /** What the benchmark holds for; absent while somebody measures. */
  readonly evidence?: Evidence | undefined
}

/** What a request may need beyond text in and text out. */
export type Capability = 'tools' | 'jsonSchema' | 'logprobs' | 'vision'

/** What is true of a model's whole pool. Written last in a pass, so that it speaks of whole shards. */
export type PoolHead = {
  readonly model: PricedModel
  /** When the pass began: no fact that it judged is older. */
  readonly builtAtMs: number
  /** As it was stored when the pass began: at dispatch nothing more is read for it. */
  readonly grace?: Grace | undefined
  /** How many shards the model has; the candidates of all of them are the pool. */
  readonly shards: number
  /** Why other profiles of this model are not in the pool. */
  readonly excludedBy: readonly ExcludedBy[]
}

/** One shard as a request sees it. */
export type PoolShard = PoolHead & { readonly candidates: readonly Candidate[] }

/** One node with everything stored about it, as the schedules read it. */
export type FleetRow = {
  readonly node: NodeFacts
  readonly hot: HotItem | undefined
  readonly profiles: readonly NodeProfile[]
}

export type JudgedProfile = {
  readonly node: NodeFacts
  readonly hot: HotItem | undefined
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
  const sold = indexOf(models)
  return row.profiles.map((profile) => {
    const model = sold.get(profile.model)
    const facts = {
      node,
      hot,
      profile,
      approvedDigests: model?.digests ?? nothing,
      isPriced: model?.tiers.has(tiersKey(profile.routeTier, node.trustTier)) ?? false,
    }
    return { node, hot, profile, eligibility: judgeGates(facts, moment) }
  })
}

type Sold = { readonly digests: ReadonlySet<string>; readonly tiers: ReadonlySet<string> }

const nothing: ReadonlySet<string> = new Set()
const tiersKey = (routeTier: RouteTier, trustTier: TrustTier) => `${routeTier} ${trustTier}`
/** A pass asks the same catalogue for every profile of the fleet: it is indexed once. */
const indexes = new WeakMap<readonly PricedModel[], ReadonlyMap<string, Sold>>()

function indexOf(models: readonly PricedModel[]): ReadonlyMap<string, Sold> {
  const known = indexes.get(models)
  if (known) return known
  const index = new Map(
    models.map((model) => {
      const tiers = model.prices.map((row) => tiersKey(row.route_tier, row.trust_tier))
      return [model.id, { digests: approvedDigests(model), tiers: new Set(tiers) }]
    }),
  )
  indexes.set(models, index)
  return index
}

/** Undefined without evidence: only a benchmarked profile can be a candidate. */
export function toCandidate({ node, hot, profile }: JudgedProfile): Candidate | undefined {
  const { benchmark } = profile
  if (!benchmark) return undefined
  const { expiresAtMs: untilMs, runtimeVersion, factsDigest } = benchmark
  const evidence = { untilMs, runtimeVersion, factsDigest }
  return {
    ...candidateWith(node, profile, benchmark),
    capabilities: capabilitiesOf(benchmark),
    ...roomIn(hot?.queues[profile.runtimeId]),
    evidence,
  }
}

/** In the order in which a shard lists them. */
export const allCapabilities = ['tools', 'jsonSchema', 'logprobs', 'vision'] as const

const capabilitiesOf = ({ capabilities }: ObservedBenchmark): readonly Capability[] =>
  allCapabilities.filter((name) => capabilities[name])

function roomIn(queue: QueueFact | undefined): Pick<Candidate, 'slots' | 'headroom'> {
  if (!queue) return {}
  const { used, capacity } = queue
  return { slots: capacity, headroom: shortened(Math.max(0, 1 - used / capacity)) }
}

export function candidateWith(
  node: NodeFacts,
  profile: NodeProfile,
  evidence: Pick<ObservedBenchmark, 'benchmarkId' | 'firstContentP50Ms' | 'tokensPerSecondP50'>,
): Candidate {
  return {
    nodeId: node.nodeId,
    publicKey: node.publicKey,
    ...wayTo(node.route),
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
    ownerTag: ownerTagOf(node.ownerId),
    ...(node.region === undefined ? {} : { region: node.region }),
    ...(node.reputation === undefined ? {} : { reputation: shortened(node.reputation) }),
  }
}

/** What of a route a dispatch is made by. */
export function wayTo(
  route: NodeRoute,
): Pick<Candidate, 'routeUrl' | 'routeEpoch' | 'certificateKeySha256'> {
  return {
    routeUrl: route.url,
    routeEpoch: route.epoch,
    certificateKeySha256: route.kind === 'direct' ? route.certificateKeySha256 : undefined,
  }
}

/** Two decimals tell hosts apart; more would only make shards longer. */
const shortened = (score: number): number => Math.round(score * 100) / 100
