/** What fleet use cases need of a store. */
import type { PricedModel } from '../catalogue/model.ts'
import type { CatalogueModel, RouteTier, TrustTier } from '../protocol/catalogue.ts'
import type { NodeStatus } from '../protocol/enrolment.ts'
import type { HostFacts } from '../protocol/heartbeat.ts'
import type {
  BenchmarkRuns,
  Capabilities,
  Grace,
  HotItem,
  Liveness,
  LiveSpeed,
  NodeFacts,
  NodeProfile,
  NodeRoute,
  ObservedBenchmark,
  OfferedProfile,
  Suspension,
} from './node.ts'
import type { Candidate, FleetRow, PoolHead } from './pool.ts'

/** What one beat changes on the hot item. */
export type Beat = Pick<
  HotItem,
  | 'nodeId'
  | 'seq'
  | 'bootId'
  | 'beatAtMs'
  | 'state'
  | 'paidEnabled'
  | 'inventoryDigest'
  | 'factsDigest'
  | 'steadiness'
  | 'formerBoot'
  | 'queues'
>

export type BeatOutcome =
  | { readonly kind: 'recorded'; readonly hot: HotItem }
  /** The condition `seq > last` failed. */
  | { readonly kind: 'seq_replay'; readonly lastSeq: number }

/** Of one node, made only from one of the statuses in `from`. */
export type StatusChange = { readonly nodeId: string; readonly from: readonly NodeStatus[] } & (
  | { readonly to: 'suspended'; readonly suspension: Suspension }
  | { readonly to: Exclude<NodeStatus, 'suspended'> }
)

/** What is true of the fleet as a whole. */
export type FleetState = {
  /** Nodes that were not offline when they were counted; sets how often each may beat. */
  readonly activeNodes: number
  readonly grace: Grace | undefined
}

export type FleetStore = {
  readonly readNode: (nodeId: string) => Promise<NodeFacts | undefined>
  /**
   * Writes the node, uses up its join code and counts it for its owner's hour, in one transaction.
   * `too_many`: the owner has enrolled as many nodes as an hour has room for.
   */
  readonly enrolNode: (
    node: NodeFacts,
    joinCodeHash: string,
  ) => Promise<'enrolled' | 'code_used' | 'too_many'>
  /**
   * Writes the node and binds the EC2 instance to it, in one transaction; false where the instance is
   * bound to another node or the node exists.
   */
  readonly enrolInstance: (node: NodeFacts, instanceId: string) => Promise<boolean>
  /** The node that the instance was enrolled as. */
  readonly readInstanceNode: (instanceId: string) => Promise<string | undefined>
  /** Whether the hour still has room for a node of this owner; `enrolNode` has the last word. */
  readonly hasRoomToEnrol: (ownerId: string, atMs: number) => Promise<boolean>
  /**
   * Writes `to` and names it as the successor of the node that it replaces, in one transaction, with
   * that node's reputation and what spot checks hold against it; false unless that one may serve and
   * has no successor, and `to` is new.
   */
  readonly rotateNode: (
    to: NodeFacts & { readonly predecessorId: string },
    oldUntilMs: number,
  ) => Promise<boolean>
  /** What spot checks found of one node at `atMs`, against another that took its place as well. */
  readonly addFinding: (finding: {
    readonly from: string
    readonly to: string
    readonly atMs: number
  }) => Promise<void>
  /** The hot item, where there is one, hears of it in the same transaction: the router reads it. */
  readonly changeStatus: (change: StatusChange) => Promise<boolean>
  /** What its owner may change after enrolment; false unless the route's epoch is `fromEpoch`. */
  readonly changeOffer: (change: {
    readonly nodeId: string
    readonly fromEpoch: number
    readonly mode: NodeFacts['mode']
    readonly route: NodeRoute
  }) => Promise<boolean>
  readonly recordBeat: (beat: Beat) => Promise<BeatOutcome>
  readonly recordProbe: (probe: {
    readonly nodeId: string
    readonly epoch: number
    readonly atMs: number
    readonly isGood: boolean
    /** A good one changes nothing while the route is known good from less than this long before. */
    readonly atMostEveryMs?: number
  }) => Promise<void>
  /** Only while the hot item still shows `seq`: a racing heartbeat wins. */
  readonly recordLiveness: (change: {
    readonly nodeId: string
    readonly seq: number
    readonly liveness: Liveness
  }) => Promise<boolean>
  /** One profile in or out of the hot item's list, atomically; false where the node never beat. */
  readonly setProfileDisabled: (change: {
    readonly nodeId: string
    readonly profileId: string
    readonly isDisabled: boolean
  }) => Promise<boolean>
  readonly readHotItems: (nodeIds: readonly string[]) => Promise<ReadonlyMap<string, HotItem>>
  readonly readRow: (nodeId: string) => Promise<FleetRow | undefined>
  /**
   * Replaces the node's profiles and keeps what we observed of them; last, so that a write that
   * broke off is made again, `basis` becomes the node's `profilesBasis`, beside its facts.
   */
  readonly writeProfiles: (
    nodeId: string,
    profiles: readonly OfferedProfile[],
    from: { readonly basis: string; readonly hostFacts: HostFacts },
  ) => Promise<void>
  readonly writeBenchmark: (
    at: { readonly nodeId: string; readonly profileId: string },
    benchmark: ObservedBenchmark,
  ) => Promise<boolean>
  readonly readProfile: (nodeId: string, profileId: string) => Promise<NodeProfile | undefined>
  /** Only while the stored value is still `from`, as its writer read it. */
  readonly changeBenchmarkRuns: (
    at: { readonly nodeId: string; readonly profileId: string },
    change: { readonly from: BenchmarkRuns | undefined; readonly to: BenchmarkRuns },
  ) => Promise<boolean>
  /** Only while the stored value is still `from`, as its writer read it. */
  readonly changeLiveSpeed: (
    at: { readonly nodeId: string; readonly profileId: string },
    change: { readonly from: LiveSpeed | undefined; readonly to: LiveSpeed },
  ) => Promise<boolean>
  readonly readFleetState: () => Promise<FleetState>
  readonly writeActiveNodes: (activeNodes: number) => Promise<void>
  /** False when another was granted less than an hour before this one begins. */
  readonly grantGrace: (grace: Grace) => Promise<boolean>
  /** Every node with hot item and profiles, in fleet order, one page in memory at a time. */
  readonly rows: () => AsyncIterable<FleetRow>
}

export type CatalogueStore = {
  readonly putModel: (model: CatalogueModel) => Promise<PricedModel>
  readonly listModels: () => Promise<readonly PricedModel[]>
  /** Any version there ever was: receipts and tickets name the one they were priced by. */
  readonly readVersion: (model: string, version: number) => Promise<PricedModel | undefined>
}

/** One model as `/v1/models` lists it. */
export type PublicModel = {
  readonly model: PricedModel
  readonly eligibleHosts: number
  readonly firstContentP50Ms: number
  readonly tokensPerSecondP50: number
  readonly quantizations: readonly string[]
  /** Those that somebody serves now, at most one for each price. */
  readonly variants: readonly PublicVariant[]
}

/** What is measured of the hosts of one price; percentiles over hosts of each host's median. */
export type PublicVariant = {
  readonly routeTier: RouteTier
  readonly trustTier: TrustTier
  readonly eligibleHosts: number
  readonly firstContentMs: { readonly p50: number; readonly p95: number }
  readonly tokensPerSecond: { readonly p50: number; readonly p5: number }
  /** Whether at least one of the hosts was seen to do it. */
  readonly capabilities: Pick<Capabilities, 'tools' | 'jsonSchema' | 'logprobs'>
  /** The longest prompt that one of them answered, in tokens. */
  readonly contextTokens: number
}
export type PublicCatalogue = {
  readonly builtAtMs: number
  readonly models: readonly PublicModel[]
}

/** Candidates as a shard keeps them, in fleet order; made by `pack` alone. */
export type PackedShard = {
  /** Of the first candidate; undefined where there is none. */
  readonly firstNodeId: string | undefined
  readonly body: Uint8Array
}

/** A shard as it lies, with the version that a change of it must name. */
export type StoredShard = {
  readonly index: number
  readonly version: string
  readonly candidates: readonly Candidate[]
}

/**
 * Per model a head and, in fleet order, shards: each is a run of nodes. A pass writes every shard
 * and then the head; between passes one node's candidates change in the shard where they lie.
 */
export type PoolStore = {
  readonly readHead: (model: string) => Promise<PoolHead | undefined>
  readonly readShard: (model: string, index: number) => Promise<readonly Candidate[] | undefined>
  /** Where this node's candidates lie, or would; undefined while the model has no pool. */
  readonly findShard: (model: string, nodeId: string) => Promise<StoredShard | undefined>
  /** Undefined where the candidates are too many for one shard, or take more than 8 KB. */
  readonly pack: (candidates: readonly Candidate[]) => PackedShard | undefined
  /** Whatever stands there: a pass wins over changes of one node. */
  readonly writeShard: (model: string, index: number, shard: PackedShard) => Promise<void>
  /** False where the shard is no longer `from`. */
  readonly replaceShard: (model: string, from: StoredShard, to: PackedShard) => Promise<boolean>
  /** Last of a pass: shards beyond the head's number go. */
  readonly writeHead: (head: PoolHead) => Promise<void>
  readonly readPublicCatalogue: () => Promise<PublicCatalogue | undefined>
  readonly writePublicCatalogue: (catalogue: PublicCatalogue) => Promise<void>
}

export type PoolMetrics = { readonly publishAge: (ageSeconds: number) => void }

/** What a pass over the fleet tells those who watch. */
export type FleetMetrics = {
  readonly publish: (counts: { readonly nodesFresh: number; readonly eligible: number }) => void
}

export type JoinCode = {
  readonly codeHash: string
  readonly ownerId: string
  readonly expiresAtMs: number
  /** Where the nodes that it enrols stand. */
  readonly region?: string | undefined
}

/** As it lies: `usedBy` is the node that it enrolled. */
export type StoredJoinCode = JoinCode & { readonly usedBy?: string | undefined }

export type JoinCodeStore = {
  readonly putJoinCode: (code: JoinCode) => Promise<void>
  readonly readJoinCode: (codeHash: string) => Promise<StoredJoinCode | undefined>
}

/**
 * Judges one node anew and puts it into the pools or takes it out, also of the pools of models that
 * it served before. Never rejects: the change that asks for it is written by then, and the next pass
 * sees it as well.
 */
export type Recompute = (nodeId: string, formerModels?: readonly string[]) => Promise<void>
