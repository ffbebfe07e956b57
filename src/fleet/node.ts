/**
 * What the control plane knows of a node. Facts that change rarely and the hot item that every beat
 * writes are apart, so that a heartbeat is one small write.
 */

import type { RouteTier, TrustTier } from '../protocol/catalogue.ts'
import type { RuntimeKind } from '../protocol/claim.ts'
import type { NodeStatus } from '../protocol/enrolment.ts'
import type { Heartbeat, HostFacts, InventoryModel } from '../protocol/heartbeat.ts'
import type { QueueHealth } from '../protocol/node-conditions.ts'

/** Where the gateway dials. The name and its epoch are the control plane's, never the host's. */
export type NodeRoute = {
  readonly url: string
  /** Changes with host name or key, not with reconnects. */
  readonly epoch: number
} & (
  | {
      readonly kind: 'direct'
      /** SHA-256 of the certificate's public key (SPKI), in hex, as the node's signature registered it. */
      readonly certificateKeySha256?: string | undefined
    }
  | { readonly kind: 'cloudflared_named'; readonly tunnelId: string }
)

/** Why a node may not serve although it was approved. */
export type Suspension = {
  readonly reason: 'operator' | 'cloned_identity' | 'late_claims'
  readonly atMs: number
}

export type NodeFacts = {
  readonly nodeId: string
  readonly alias: string
  readonly publicKey: string
  readonly ownerId: string
  readonly status: NodeStatus
  readonly mode: Heartbeat['mode']
  readonly trustTier: TrustTier
  readonly route: NodeRoute
  readonly enrolledAtMs: number
  /** Where it stands, as the operator says; nobody has measured it. */
  readonly region?: string | undefined
  /** Undefined until the first inventory. */
  readonly hostFacts?: HostFacts | undefined
  /** Present while the status is `suspended`. */
  readonly suspension?: Suspension | undefined
  /** The node that this key replaced; reputation follows it. */
  readonly predecessorId?: string | undefined
  /** The key that replaces this one; this one is retired after `untilMs`. */
  readonly successor?: { readonly nodeId: string; readonly untilMs: number } | undefined
  /** Score of its past, 0 to 1; undefined for a newcomer of whom nothing is known. */
  readonly reputation?: number | undefined
  /** Ids of jobs that are not at their end; a beat looks for jobs only where there are some. */
  readonly openJobs?: readonly string[] | undefined
  /** Digest of what the profiles were last made from; undefined until the first inventory. */
  readonly profilesBasis?: string | undefined
}

/** Liveness, judged by the server's receive time. `never` until the first beat. */
export type Liveness = 'never' | 'fresh' | 'stale' | 'offline'

export type QueueFact = {
  readonly health: QueueHealth
  readonly reachable: boolean
  readonly kind: RuntimeKind
  readonly version: string
  /** Requests that ran or waited when the beat was made, and how many may run at once. */
  readonly used: number
  readonly capacity: number
}

/**
 * What lately went wrong with one profile of a node, as gateways counted it. Only failures write;
 * `src/routing/breaker.ts` says what follows from it.
 */
export type Breaker = {
  /** Since `fromMs`; counting starts anew when that is too long ago. */
  readonly failures: number
  readonly fromMs: number
  /** Of the last failure that was counted; absent where that was before it was kept. */
  readonly lastMs?: number | undefined
  /** No dispatch before then; 0 while the breaker has never opened. */
  readonly openUntilMs: number
  /** How often in a row it opened: each time for longer. */
  readonly opens: number
  /** While later than now, somebody's request is the trial that decides. */
  readonly trialUntilMs: number
}

/**
 * How steadily a node beats. A return is the first beat after a silence of more than `freshMsMax`;
 * who returns too often waits, longer each time.
 */
export type Steadiness = {
  /** Of the last return, or of the first beat ever. */
  readonly returnedAtMs: number
  /** Beats since then, that one included; counted to 2, which is enough to serve again. */
  readonly beats: number
  /** Times of the latest returns, oldest first, at most 3. */
  readonly returnsAtMs: readonly number[]
  /** Not dispatchable until then; 0 where there was no cool-down. */
  readonly coolUntilMs: number
  /** How long the last cool-down was; the next one doubles it. */
  readonly coolMs: number
}

/**
 * While our own ingest was unreachable, silence is no host's fault: nodes that were fresh at `fromMs`
 * count as fresh until `untilMs`.
 */
export type Grace = { readonly fromMs: number; readonly untilMs: number }

/** One item, written by each beat and by probes; the router reads it beside the reserve. */
export type HotItem = {
  readonly nodeId: string
  readonly seq: number
  readonly bootId: string
  readonly beatAtMs: number
  readonly state: Heartbeat['state']
  readonly paidEnabled: boolean
  readonly inventoryDigest: string
  readonly factsDigest: string
  readonly steadiness: Steadiness
  /** The boot before this one, and when its last beat was replaced. */
  readonly formerBoot: { readonly bootId: string; readonly replacedAtMs: number } | undefined
  /** The operator's word, kept here as well because the router reads this item and not the node. */
  readonly isRevoked: boolean
  /** By runtime id. */
  readonly queues: Readonly<Record<string, QueueFact>>
  readonly probe: ProbeFact | undefined
  /** Profiles that an operator took out of rotation. */
  readonly disabledProfiles: readonly string[]
  /** By profile id; absent where nothing failed lately. */
  readonly breakers: Readonly<Record<string, Breaker>>
  /** What the expire-heartbeats schedule last recorded; for alerts, never for routing. */
  readonly liveness: Liveness
}

export type ProbeFact = {
  readonly okAtMs: number
  readonly failures: number
  readonly epoch: number
}

/** What was seen to work through the public route; a host's word is never taken for it. */
export type Capabilities = {
  /** Text arrives while it is written, and not in one piece at the end. */
  readonly streaming: boolean
  readonly usage: boolean
  readonly stop: boolean
  readonly abort: boolean
  readonly tools: boolean
  readonly jsonSchema: boolean
  readonly logprobs: boolean
  /** Absent in evidence from before images were measured. */
  readonly vision?: boolean | undefined
  /** Longest prompt that was answered, in tokens. */
  readonly contextTokens: number
}

/** The only proof of what a profile can do: measured by us, through its public route. */
export type ObservedBenchmark = {
  readonly benchmarkId: string
  readonly atMs: number
  readonly expiresAtMs: number
  /** The evidence is void when the node changes any of these four. */
  readonly artifactDigest: string
  readonly runtimeVersion: string
  readonly factsDigest: string
  readonly routeKind: NodeRoute['kind']
  /** Of the procedure that measured: results of two versions are not compared. */
  readonly harnessVersion: string
  /** The node was paid for its answers as for any customer's. */
  readonly isPaid: boolean
  readonly samples: number
  readonly firstContentP50Ms: number
  readonly firstContentP95Ms: number
  readonly prefillTokensPerSecond: number
  readonly tokensPerSecondP50: number
  readonly tokensPerSecondP5: number
  /** Highest concurrency at which the first content still came in time. */
  readonly concurrencyAtTarget: number
  /** Failed runs over all runs, 0 to 1. */
  readonly errorRate: number
  /** Tokens claimed over tokens counted; null where the runtime reports no usage. */
  readonly countRatio: number | null
  readonly capabilities: Capabilities
  /** Implausible for the GPU that the host names: shown to operators, never judged by itself. */
  readonly flags: readonly ('above_roofline' | 'below_roofline')[]
}

/** Live traffic after the benchmark, for telling when the evidence has grown stale. */
export type LiveSpeed = {
  readonly benchmarkId: string
  readonly requests: number
  readonly tokensPerSecondP50: number
  /** What the two above are read from; absent where nothing was folded yet. */
  readonly histogram?: SpeedHistogram | undefined
}

/** Counts by speed relative to the benchmark's, and the pages that were folded last. */
export type SpeedHistogram = {
  readonly counts: readonly number[]
  readonly pages: readonly string[]
  /** Requests of this benchmark, forgotten ones included; absent on what was stored before it was kept. */
  readonly total?: number | undefined
  /** Rises with each fold: a writer that read an older one starts over. */
  readonly folds: number
}

/** When this profile was measured, for those who would measure it again. */
export type BenchmarkRuns = {
  /** Starts of the runs that the host answered, oldest first; the latest few. */
  readonly startedAtMs: readonly number[]
  readonly triedAtMs: number
  /** A run is under way until then, at the latest; 0 where none is. */
  readonly leaseUntilMs: number
}

/** What spot checks of this profile found. */
export type SpotCheckFact = {
  readonly passed: number
  readonly failed: number
  /** Failures that still count towards a verdict, oldest first, each of another prompt. */
  readonly failures: readonly { readonly atMs: number; readonly promptId: string }[]
  /** When two independent failures within a day condemned this artifact. */
  readonly condemned: { readonly atMs: number; readonly artifactDigest: string } | undefined
}

/** One approved model build as a node's inventory offers it. */
export type OfferedProfile = {
  readonly nodeId: string
  readonly profileId: string
  readonly model: string
  readonly runtimeId: string
  readonly runtimeKind: RuntimeKind
  readonly routeTier: RouteTier
  readonly artifactDigest: string
  readonly contextLength: number
  readonly installStatus: InventoryModel['status']
  readonly remote: boolean
  /** The build's size as the host names it; absent where it names none. */
  readonly artifactBytes?: number | undefined
}

/** The same with what we observed of it: no inventory changes that. */
export type NodeProfile = OfferedProfile & {
  readonly benchmark: ObservedBenchmark | undefined
  readonly benchmarkRuns?: BenchmarkRuns | undefined
  readonly liveSpeed: LiveSpeed | undefined
  readonly spotChecks: SpotCheckFact | undefined
}

/** Whether the operator lets it serve: who may not opens and closes no gate. */
export const mayServe = ({ status }: Pick<NodeFacts, 'status'>): boolean =>
  status === 'approved' || status === 'active'

/** Whether the operator's word, or a finding of ours, keeps it from serving. */
export const isBarred = ({ status }: Pick<NodeFacts, 'status'>): boolean =>
  status === 'suspended' || status === 'retired' || status === 'banned'

/** Whether spot checks have found something that still counts, for another verdict or as one. */
export const isHeldAgainst = ({ spotChecks }: Pick<NodeProfile, 'spotChecks'>): boolean =>
  spotChecks !== undefined && (spotChecks.condemned !== undefined || spotChecks.failures.length > 0)

export const freshMsMax = 60_000
export const offlineMs = 150_000
export const probeFreshMsMax = 180_000
export const probeFailuresMax = 2

export function livenessOf(beatAtMs: number | undefined, nowMs: number): Liveness {
  if (beatAtMs === undefined) return 'never'
  const ageMs = nowMs - beatAtMs
  if (ageMs <= freshMsMax) return 'fresh'
  return ageMs <= offlineMs ? 'stale' : 'offline'
}

/** The tier a runtime serves in; which tiers are open is a matter of prices (`catalogue`). */
export function routeTierOf(mode: Heartbeat['mode'], kind: RuntimeKind): RouteTier {
  if (mode === 'local') return 'local_convenience'
  switch (kind) {
    case 'vllm':
    case 'sglang':
    case 'openai':
      return 'network_beta'
    case 'ollama':
    case 'llamacpp':
    case 'lmstudio':
      return 'portable_local'
  }
}
