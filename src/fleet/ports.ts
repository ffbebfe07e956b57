/** What fleet use cases need of a store. */
import type { PricedModel } from '../catalogue/model.ts'
import type { CatalogueModel } from '../protocol/catalogue.ts'
import type { NodeStatus } from '../protocol/enrolment.ts'
import type { HostFacts } from '../protocol/heartbeat.ts'
import type {
  Grace,
  HotItem,
  Liveness,
  NodeFacts,
  NodeProfile,
  NodeRoute,
  ObservedBenchmark,
} from './node.ts'
import type { FleetRow, PoolShard } from './pool.ts'

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

/** What is true of the fleet as a whole. */
export type FleetState = {
  /** Nodes whose last beat was fresh when they were counted; sets how often each may beat. */
  readonly activeNodes: number
  readonly grace: Grace | undefined
}

export type FleetStore = {
  readonly readNode: (nodeId: string) => Promise<NodeFacts | undefined>
  /** Writes the node and uses up its join code in one transaction. */
  readonly enrolNode: (node: NodeFacts, joinCodeHash: string) => Promise<'enrolled' | 'code_used'>
  readonly changeStatus: (change: {
    readonly nodeId: string
    readonly from: readonly NodeStatus[]
    readonly to: NodeStatus
  }) => Promise<boolean>
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
   * Replaces the node's profiles and keeps their observed benchmarks; last, so that a write that
   * broke off is made again, `basis` becomes the node's `profilesBasis`, beside its facts.
   */
  readonly writeProfiles: (
    nodeId: string,
    profiles: readonly NodeProfile[],
    from: { readonly basis: string; readonly hostFacts: HostFacts },
  ) => Promise<void>
  readonly writeBenchmark: (
    at: { readonly nodeId: string; readonly profileId: string },
    benchmark: ObservedBenchmark,
  ) => Promise<boolean>
  readonly readFleetState: () => Promise<FleetState>
  readonly writeActiveNodes: (activeNodes: number) => Promise<void>
  /** False when another was granted less than an hour before this one begins. */
  readonly grantGrace: (grace: Grace) => Promise<boolean>
  /** Every node with hot item and profiles, one bucket of the fleet in memory at a time. */
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
}
export type PublicCatalogue = {
  readonly builtAtMs: number
  readonly models: readonly PublicModel[]
}

export type PoolStore = {
  readonly readShard: (model: string, index: number) => Promise<PoolShard | undefined>
  readonly writeShards: (model: string, shards: readonly PoolShard[]) => Promise<void>
  readonly readPublicCatalogue: () => Promise<PublicCatalogue | undefined>
  readonly writePublicCatalogue: (catalogue: PublicCatalogue) => Promise<void>
}

export type JoinCode = {
  readonly codeHash: string
  readonly ownerId: string
  readonly expiresAtMs: number
}
export type JoinCodeStore = {
  readonly putJoinCode: (code: JoinCode) => Promise<void>
  readonly readJoinCode: (codeHash: string) => Promise<JoinCode | undefined>
}

/** Judges the fleet anew. Never rejects: the change that asks for it is written by then. */
export type Recompute = () => Promise<void>
