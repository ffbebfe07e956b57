/**
 * What the control plane knows of a node. Facts that change rarely and the hot item that every beat
 * writes are apart, so that a heartbeat is one small write.
 */

import type { RouteTier, TrustTier } from '../protocol/catalogue.ts'
import type { RuntimeKind } from '../protocol/claim.ts'
import type { NodeStatus } from '../protocol/enrolment.ts'
import type { Heartbeat, InventoryModel, QueueHealth } from '../protocol/heartbeat.ts'

export type NodeRoute = {
  readonly kind: 'direct'
  readonly url: string
  /** Owned by the control plane: changes with host name or key, not with reconnects. */
  readonly epoch: number
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
}

/** One item, written by each beat and by probes; the router reads it beside the reserve. */
export type HotItem = {
  readonly nodeId: string
  readonly seq: number
  readonly bootId: string
  readonly beatAtMs: number
  readonly state: Heartbeat['state']
  readonly paidEnabled: boolean
  readonly inventoryDigest: string
  /** By runtime id. */
  readonly queues: Readonly<Record<string, QueueFact>>
  readonly probe: ProbeFact | undefined
  /** Profiles that an operator took out of rotation. */
  readonly disabledProfiles: readonly string[]
  /** What the expire-heartbeats schedule last recorded; for alerts, never for routing. */
  readonly liveness: Liveness
}

export type ProbeFact = {
  readonly okAtMs: number
  readonly failures: number
  readonly epoch: number
}

export type ObservedBenchmark = {
  readonly benchmarkId: string
  readonly atMs: number
  readonly expiresAtMs: number
  /** Voids the evidence when the node changes either. */
  readonly artifactDigest: string
  readonly runtimeVersion: string
  readonly samples: number
  readonly firstContentP50Ms: number
  readonly tokensPerSecondP50: number
}

/** One approved model build as one node serves it. */
export type NodeProfile = {
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
  readonly benchmark: ObservedBenchmark | undefined
}

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
