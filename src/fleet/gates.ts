/**
 * The five gates: pure functions of stored facts and the clock. A profile is dispatched only while
 * all five are open, and whoever asks why not gets the same blockers.
 */
import type { Blocker, Eligibility, Gates } from '../protocol/heartbeat.ts'
import { type BlockerCode, blocker } from './blockers.ts'
import {
  freshMsMax,
  type HotItem,
  type NodeFacts,
  type NodeProfile,
  probeFailuresMax,
  probeFreshMsMax,
} from './node.ts'

export type GateFacts = {
  readonly node: NodeFacts
  readonly hot: HotItem | undefined
  readonly profile: NodeProfile
  /** The operator's catalogue: approved builds and tiers with a price. */
  readonly approvedDigests: ReadonlySet<string>
  readonly isPriced: boolean
}

export function judgeGates(facts: GateFacts, nowMs: number): Eligibility {
  const blockers = [
    ...freshBlockers(facts.hot, nowMs),
    ...routeBlockers(facts, nowMs),
    ...protocolBlockers(facts.node),
    ...runtimeBlockers(facts),
    ...policyBlockers(facts, nowMs),
  ].map(blocker)
  const gates = gatesOf(blockers)
  return {
    profile_id: facts.profile.profileId,
    model: facts.profile.model,
    eligible: blockers.length === 0,
    gates,
    blockers,
  }
}

/** What the hot item alone can close, as the router judges it at dispatch. */
export function hotBlockers(
  hot: HotItem | undefined,
  at: { readonly runtimeId: string; readonly profileId: string; readonly routeEpoch: number },
  nowMs: number,
): BlockerCode[] {
  return [
    ...freshBlockers(hot, nowMs),
    ...probeBlockers(hot, at.routeEpoch, nowMs),
    ...reachBlockers(hot, at.runtimeId),
    ...(hot?.paidEnabled === false ? (['paid_disabled'] as const) : []),
    ...queueBlockers(hot, at.runtimeId),
    ...(hot?.disabledProfiles.includes(at.profileId) ? (['disabled_by_operator'] as const) : []),
  ]
}

/** Bit 0 fresh, 1 route, 2 protocol, 3 runtime, 4 policy. */
export function gatesBitmap(gates: Gates): number {
  const { fresh, route, protocol, runtime, policy } = gates
  return [fresh, route, protocol, runtime, policy].reduce(
    (bits, open, bit) => (open ? bits | (1 << bit) : bits),
    0,
  )
}

function gatesOf(blockers: readonly Blocker[]): Gates {
  const open = (gate: Blocker['gate']) => !blockers.some((one) => one.gate === gate)
  return {
    fresh: open('fresh'),
    route: open('route'),
    protocol: open('protocol'),
    runtime: open('runtime'),
    policy: open('policy'),
  }
}

function freshBlockers(hot: HotItem | undefined, nowMs: number): BlockerCode[] {
  if (!hot) return ['never_beat']
  if (nowMs - hot.beatAtMs > freshMsMax) return ['heartbeat_stale']
  return hot.state === 'ready' ? [] : ['not_ready']
}

function routeBlockers({ node, hot }: GateFacts, nowMs: number): BlockerCode[] {
  return probeBlockers(hot, node.route.epoch, nowMs)
}

function probeBlockers(hot: HotItem | undefined, epoch: number, nowMs: number): BlockerCode[] {
  const probe = hot?.probe
  if (!probe || probe.epoch !== epoch) return ['route_unproven']
  if (probe.failures >= probeFailuresMax) return ['route_down']
  return nowMs - probe.okAtMs > probeFreshMsMax ? ['route_probe_stale'] : []
}

function protocolBlockers(node: NodeFacts): BlockerCode[] {
  // A stake is not required in this release; the gate is registration and approval.
  if (node.status === 'pending') return ['not_approved']
  return node.status === 'approved' || node.status === 'active' ? [] : ['node_suspended']
}

function runtimeBlockers({ hot, profile, approvedDigests }: GateFacts): BlockerCode[] {
  const blockers = reachBlockers(hot, profile.runtimeId)
  if (profile.installStatus !== 'installed') blockers.push('profile_not_installed')
  if (!approvedDigests.has(profile.artifactDigest)) blockers.push('artifact_not_approved')
  if (profile.remote) blockers.push('remote_model')
  return blockers
}

function reachBlockers(hot: HotItem | undefined, runtimeId: string): BlockerCode[] {
  return hot?.queues[runtimeId]?.reachable ? [] : ['runtime_unreachable']
}

function policyBlockers(facts: GateFacts, nowMs: number): BlockerCode[] {
  const { node, hot, profile, isPriced } = facts
  const blockers: BlockerCode[] = []
  if (node.mode !== 'network') blockers.push('mode_not_network')
  if (hot && !hot.paidEnabled) blockers.push('paid_disabled')
  if (!isPriced || !isDispatchable(profile)) blockers.push('route_tier_closed')
  if (hot?.disabledProfiles.includes(profile.profileId)) blockers.push('disabled_by_operator')
  return [...blockers, ...benchmarkBlockers(facts, nowMs), ...queueBlockers(hot, profile.runtimeId)]
}

/** These two are never paid for, whatever an operator prices. */
function isDispatchable({ routeTier }: NodeProfile): boolean {
  return routeTier !== 'local_convenience' && routeTier !== 'unknown'
}

function benchmarkBlockers({ hot, profile }: GateFacts, nowMs: number): BlockerCode[] {
  const { benchmark } = profile
  if (!benchmark) return ['benchmark_missing']
  const version = hot?.queues[profile.runtimeId]?.version
  const isVoid =
    benchmark.artifactDigest !== profile.artifactDigest ||
    (version !== undefined && benchmark.runtimeVersion !== version)
  if (isVoid) return ['benchmark_void']
  return benchmark.expiresAtMs <= nowMs ? ['benchmark_expired'] : []
}

function queueBlockers(hot: HotItem | undefined, runtimeId: string): BlockerCode[] {
  const health = hot?.queues[runtimeId]?.health
  if (health === 'blocked') return ['queue_blocked']
  return health === 'unhealthy' ? ['queue_unhealthy'] : []
}
