/**
 * The five gates: pure functions of stored facts and the clock. A profile is dispatched only while
 * all five are open, and whoever asks why not gets the same blockers.
 */
import type { Blocker, Eligibility, Gates } from '../protocol/heartbeat.ts'
import { stateOf } from '../routing/breaker.ts'
import { type BlockerCode, blocker } from './blockers.ts'
import {
  freshMsMax,
  type Grace,
  type HotItem,
  isBarred,
  type NodeFacts,
  type NodeProfile,
  probeFailuresMax,
  probeFreshMsMax,
} from './node.ts'
import { beatsToServe, isCovered } from './steadiness.ts'

export type GateFacts = {
  readonly node: NodeFacts
  readonly hot: HotItem | undefined
  readonly profile: NodeProfile
  /** The operator's catalogue: approved builds and tiers with a price. */
  readonly approvedDigests: ReadonlySet<string>
  readonly isPriced: boolean
}

/** What a benchmark holds for, as far as the hot item can tell that it no longer does. */
export type Evidence = {
  readonly untilMs: number
  readonly runtimeVersion: string
  readonly factsDigest: string
}

/** When a judgement is made, and what was excused then. */
export type Moment = { readonly nowMs: number; readonly grace: Grace | undefined }

export function judgeGates(facts: GateFacts, { nowMs, grace }: Moment): Eligibility {
  const blockers = [
    ...freshBlockers(facts.hot, grace, nowMs),
    ...routeBlockers(facts, nowMs),
    ...protocolBlockers(facts),
    ...runtimeBlockers(facts, nowMs),
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
  at: {
    readonly runtimeId: string
    readonly profileId: string
    readonly routeEpoch: number
    readonly evidence?: Evidence | undefined
  },
  { nowMs, grace }: Moment,
): BlockerCode[] {
  return [
    ...freshBlockers(hot, grace, nowMs),
    ...probeBlockers(hot, at.routeEpoch, nowMs),
    ...(hot?.isRevoked ? (['node_suspended'] as const) : []),
    ...reachBlockers(hot, at.runtimeId),
    ...breakerBlockers(hot, at.profileId, nowMs),
    ...(hot?.paidEnabled === false ? (['paid_disabled'] as const) : []),
    ...queueBlockers(hot, at.runtimeId),
    ...(hot?.disabledProfiles.includes(at.profileId) ? (['disabled_by_operator'] as const) : []),
    ...(hot && at.evidence ? evidenceBlockers(hot, at.runtimeId, at.evidence, nowMs) : []),
  ]
}

const liveRequestsMin = 50
const slowedDownRatio = 0.7

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

function freshBlockers(
  hot: HotItem | undefined,
  grace: Grace | undefined,
  nowMs: number,
): BlockerCode[] {
  if (!hot) return ['never_beat']
  if (isStale(hot, grace, nowMs)) return ['heartbeat_stale']
  const { beats, coolUntilMs } = hot.steadiness
  const blockers: BlockerCode[] = []
  if (hot.state !== 'ready') blockers.push(stateBlocker[hot.state])
  if (beats < beatsToServe) blockers.push('just_returned')
  if (nowMs < coolUntilMs) blockers.push('cooling_down')
  return blockers
}

const stateBlocker = {
  draining: 'draining',
  paused_by_owner: 'paused_by_owner',
  user_active: 'user_active',
  degraded: 'degraded',
} as const satisfies Readonly<Record<Exclude<HotItem['state'], 'ready'>, BlockerCode>>

function isStale({ beatAtMs }: HotItem, grace: Grace | undefined, nowMs: number): boolean {
  if (nowMs - beatAtMs <= freshMsMax) return false
  return grace === undefined || nowMs > grace.untilMs || !isCovered(beatAtMs, grace)
}

function routeBlockers({ node, hot }: GateFacts, nowMs: number): BlockerCode[] {
  return probeBlockers(hot, node.route.epoch, nowMs)
}

function probeBlockers(hot: HotItem | undefined, epoch: number, nowMs: number): BlockerCode[] {
  const probe = hot?.probe
  if (!probe || probe.epoch !== epoch) return ['route_unproven']
  if (probe.failures >= probeFailuresMax) return ['route_down']
  // A probe from before the node's silence proves nothing about what came back.
  if (probe.okAtMs < hot.steadiness.returnedAtMs) return ['route_unproven']
  return nowMs - probe.okAtMs > probeFreshMsMax ? ['route_probe_stale'] : []
}

function protocolBlockers({ node, hot }: GateFacts): BlockerCode[] {
  // A stake is not required in this release; the gate is registration and approval.
  const blockers: BlockerCode[] = node.status === 'pending' ? ['not_approved'] : []
  return hot?.isRevoked || isBarred(node) ? [...blockers, 'node_suspended'] : blockers
}

function runtimeBlockers(
  { hot, profile, approvedDigests }: GateFacts,
  nowMs: number,
): BlockerCode[] {
  const blockers = reachBlockers(hot, profile.runtimeId)
  if (profile.installStatus !== 'installed') blockers.push('profile_not_installed')
  if (!approvedDigests.has(profile.artifactDigest)) blockers.push('artifact_not_approved')
  if (profile.remote) blockers.push('remote_model')
  return [...blockers, ...breakerBlockers(hot, profile.profileId, nowMs)]
}

function reachBlockers(hot: HotItem | undefined, runtimeId: string): BlockerCode[] {
  return hot?.queues[runtimeId]?.reachable ? [] : ['runtime_unreachable']
}

/** Half-open closes nothing: one request at a time may try. */
function breakerBlockers(
  hot: HotItem | undefined,
  profileId: string,
  nowMs: number,
): BlockerCode[] {
  return stateOf(hot?.breakers[profileId], nowMs) === 'open' ? ['breaker_open'] : []
}

function policyBlockers(facts: GateFacts, nowMs: number): BlockerCode[] {
  const { node, hot, profile, isPriced } = facts
  const blockers: BlockerCode[] = []
  if (node.mode !== 'network') blockers.push('mode_not_network')
  if (hot && !hot.paidEnabled) blockers.push('paid_disabled')
  if (!isPriced || !isDispatchable(profile)) blockers.push('route_tier_closed')
  if (hot?.disabledProfiles.includes(profile.profileId)) blockers.push('disabled_by_operator')
  if (profile.spotChecks?.condemned?.artifactDigest === profile.artifactDigest) {
    blockers.push('spot_checks_failed')
  }
  return [...blockers, ...benchmarkBlockers(facts, nowMs), ...queueBlockers(hot, profile.runtimeId)]
}

/** These two are never paid for, whatever an operator prices. */
function isDispatchable({ routeTier }: NodeProfile): boolean {
  return routeTier !== 'local_convenience' && routeTier !== 'unknown'
}

function benchmarkBlockers({ node, hot, profile }: GateFacts, nowMs: number): BlockerCode[] {
  const { benchmark } = profile
  if (!benchmark) return ['benchmark_missing']
  const isOfAnother =
    benchmark.artifactDigest !== profile.artifactDigest || benchmark.routeKind !== node.route.kind
  if (isOfAnother) return ['benchmark_void']
  const { expiresAtMs: untilMs, runtimeVersion, factsDigest } = benchmark
  const evidence = { untilMs, runtimeVersion, factsDigest }
  const blockers = evidenceBlockers(hot, profile.runtimeId, evidence, nowMs)
  return blockers.length === 0 && hasSlowedDown(profile) ? ['benchmark_stale'] : blockers
}

function evidenceBlockers(
  hot: HotItem | undefined,
  runtimeId: string,
  { untilMs, runtimeVersion, factsDigest }: Evidence,
  nowMs: number,
): BlockerCode[] {
  const version = hot?.queues[runtimeId]?.version
  const isVoid =
    (hot !== undefined && factsDigest !== hot.factsDigest) ||
    (version !== undefined && runtimeVersion !== version)
  if (isVoid) return ['benchmark_void']
  return untilMs <= nowMs ? ['benchmark_expired'] : []
}

/** Live traffic far below the evidence: the evidence no longer describes this profile. */
function hasSlowedDown({ benchmark, liveSpeed }: NodeProfile): boolean {
  return (
    benchmark !== undefined &&
    liveSpeed?.benchmarkId === benchmark.benchmarkId &&
    liveSpeed.requests >= liveRequestsMin &&
    liveSpeed.tokensPerSecondP50 < slowedDownRatio * benchmark.tokensPerSecondP50
  )
}

function queueBlockers(hot: HotItem | undefined, runtimeId: string): BlockerCode[] {
  const health = hot?.queues[runtimeId]?.health
  if (health === 'blocked') return ['queue_blocked']
  return health === 'unhealthy' ? ['queue_unhealthy'] : []
}
