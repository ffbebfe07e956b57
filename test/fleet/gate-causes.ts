/** A profile that earns, and everything that can keep it from earning, one change each. */
import type { BlockerCode } from '../../src/fleet/blockers.ts'
import type { GateFacts, Moment } from '../../src/fleet/gates.ts'
import type {
  Breaker,
  Grace,
  HotItem,
  NodeFacts,
  NodeProfile,
  ObservedBenchmark,
} from '../../src/fleet/node.ts'
import { NodeState } from '../../src/protocol/node-conditions.ts'
import {
  aBeat,
  aBenchmark,
  aNode,
  aProfile,
  aSteadiness,
  digest,
  nowMs,
} from '../adapters/dynamodb/facts.ts'

export type Changes = {
  readonly node?: Partial<NodeFacts>
  readonly hot?: Partial<HotItem> | 'none'
  readonly queue?: Partial<HotItem['queues'][string]> | 'none'
  readonly profile?: Partial<NodeProfile>
  readonly benchmark?: Partial<ObservedBenchmark> | 'none'
  readonly isPriced?: boolean
  readonly approvedDigests?: ReadonlySet<string>
  /** Of the moment, not of the facts. */
  readonly grace?: Grace
}

export type Cause = readonly [code: BlockerCode, what: string, changes: Changes]

const otherDigest = `sha256:${'e'.repeat(64)}`
const goodProbe = { okAtMs: nowMs, failures: 0, epoch: 1 }
const secondsAgo = (seconds: number) => nowMs - seconds * 1000

export function facts(changes: Changes = {}): GateFacts {
  const node = { ...aNode({ status: 'active' }), ...changes.node }
  const { queues, ...beat } = aBeat(node.nodeId)
  const queue = queues['vllm-0']
  const hot: HotItem = {
    ...beat,
    queues: changes.queue === 'none' || !queue ? {} : { 'vllm-0': { ...queue, ...changes.queue } },
    probe: goodProbe,
    disabledProfiles: [],
    breakers: {},
    isRevoked: false,
    liveness: 'fresh',
    ...(changes.hot === 'none' ? {} : changes.hot),
  }
  return {
    node,
    hot: changes.hot === 'none' ? undefined : hot,
    profile: aProfile(node.nodeId, {
      benchmark: changes.benchmark === 'none' ? undefined : aBenchmark(changes.benchmark),
      ...changes.profile,
    }),
    approvedDigests: changes.approvedDigests ?? new Set([digest]),
    isPriced: changes.isPriced ?? true,
  }
}

export const momentOf = ({ grace }: Changes): Moment => ({ nowMs, grace })

const probed = (probe: HotItem['probe']): Changes => ({ hot: { probe } })
const steady = (changes: Parameters<typeof aSteadiness>[0]): Changes => ({
  hot: { steadiness: aSteadiness(changes) },
})
const slowed = (changes: Partial<NonNullable<NodeProfile['liveSpeed']>> = {}): Changes => ({
  benchmark: { tokensPerSecondP50: 100 },
  profile: {
    liveSpeed: { benchmarkId: 'bench-1', requests: 50, tokensPerSecondP50: 69.9, ...changes },
  },
})
const condemned = (artifactDigest: string): Changes => ({
  profile: {
    spotChecks: { passed: 9, failed: 2, failures: [], condemned: { atMs: nowMs, artifactDigest } },
  },
})

/** Opened once after five failures; the wait is over. */
const broken = (changes: Partial<Breaker>, profileId = 'maker/model@q8'): Changes => {
  const fromMs = secondsAgo(40)
  const breaker = { failures: 5, fromMs, openUntilMs: nowMs, opens: 1, trialUntilMs: 0, ...changes }
  return { hot: { breakers: { [profileId]: breaker } } }
}

/** A grace of five minutes that began when the control plane went dark, 70 s ago. */
const graced = (beatAtMs: number, untilMs = nowMs): Changes => ({
  hot: { beatAtMs },
  grace: { fromMs: secondsAgo(70), untilMs },
})

const fresh: readonly Cause[] = [
  ['heartbeat_stale', 'a beat of 60 s and more ago', { hot: { beatAtMs: secondsAgo(60) - 1 } }],
  ['heartbeat_stale', 'a beat too old for the grace', graced(secondsAgo(130) - 1)],
  ['heartbeat_stale', 'a grace that is over', graced(secondsAgo(100), nowMs - 1)],
  ...NodeState.options
    .filter((state) => state !== 'ready')
    .map((state): Cause => [state, `state ${state}`, { hot: { state } }]),
  ['just_returned', 'a single beat since a silence', steady({ beats: 1 })],
  ['cooling_down', 'a cool-down that lasts another moment', steady({ coolUntilMs: nowMs + 1 })],
]

const route: readonly Cause[] = [
  ['route_unproven', 'no probe yet', probed(undefined)],
  ['route_unproven', 'a probe of an older route', probed({ ...goodProbe, epoch: 0 })],
  [
    'route_unproven',
    'a probe from before the return',
    {
      hot: {
        probe: { ...goodProbe, okAtMs: secondsAgo(20) },
        steadiness: aSteadiness({ returnedAtMs: secondsAgo(20) + 1 }),
      },
    },
  ],
  ['route_down', 'two failed probes', probed({ ...goodProbe, failures: 2 })],
  [
    'route_probe_stale',
    'a probe of 180 s and more ago',
    probed({ okAtMs: secondsAgo(180) - 1, failures: 1, epoch: 1 }),
  ],
]

const protocol: readonly Cause[] = [
  ['not_approved', 'a pending node', { node: { status: 'pending' } }],
  ...(['suspended', 'retired', 'banned'] as const).map(
    (status): Cause => ['node_suspended', `a ${status} node`, { node: { status } }],
  ),
  ['node_suspended', 'the operator’s word on the hot item', { hot: { isRevoked: true } }],
]

const runtime: readonly Cause[] = [
  ['runtime_unreachable', 'a runtime that does not answer', { queue: { reachable: false } }],
  ...(['ready_to_install', 'runtime_missing', 'hardware_unsupported'] as const).map(
    (installStatus): Cause => [
      'profile_not_installed',
      `install status ${installStatus}`,
      { profile: { installStatus } },
    ],
  ),
  ['artifact_not_approved', 'a build of no manifest', { approvedDigests: new Set() }],
  ['remote_model', 'a model fetched from elsewhere', { profile: { remote: true } }],
  ['breaker_open', 'a breaker that is open for another moment', broken({ openUntilMs: nowMs + 1 })],
]

const policy: readonly Cause[] = [
  ...(['local', 'managed'] as const).map(
    (mode): Cause => ['mode_not_network', `mode ${mode}`, { node: { mode } }],
  ),
  ['paid_disabled', 'an owner who takes no paid work', { hot: { paidEnabled: false } }],
  ['route_tier_closed', 'tiers without a price', { isPriced: false }],
  ...(['local_convenience', 'unknown'] as const).map(
    (routeTier): Cause => [
      'route_tier_closed',
      `tier ${routeTier}, at any price`,
      { profile: { routeTier } },
    ],
  ),
  ['disabled_by_operator', 'an operator', { hot: { disabledProfiles: ['maker/model@q8'] } }],
  ['benchmark_missing', 'no observed benchmark', { benchmark: 'none' }],
  ['benchmark_expired', 'one that ran out', { benchmark: { expiresAtMs: nowMs } }],
  ['benchmark_void', 'one of another model file', { benchmark: { artifactDigest: otherDigest } }],
  ['benchmark_void', 'one of another runtime version', { benchmark: { runtimeVersion: '0.1' } }],
  ['benchmark_void', 'one of another machine', { benchmark: { factsDigest: '0'.repeat(64) } }],
  [
    'benchmark_void',
    'one of another kind of route',
    { benchmark: { routeKind: 'cloudflared_named' } },
  ],
  ['benchmark_void', 'a runtime that was updated since', { queue: { version: '0.12' } }],
  ['benchmark_void', 'a machine that changed since', { hot: { factsDigest: '0'.repeat(64) } }],
  [
    'benchmark_void',
    'one that is both void and over',
    { benchmark: { runtimeVersion: '0.1', expiresAtMs: nowMs } },
  ],
  ['benchmark_stale', 'live answers below 0.7 of its speed', slowed()],
  ['spot_checks_failed', 'a verdict on this artifact', condemned(digest)],
  ['queue_blocked', 'a runtime without progress', { queue: { health: 'blocked' } }],
  ['queue_unhealthy', 'a runtime that says so', { queue: { health: 'unhealthy' } }],
]

/** Each closes one gate by one blocker. `never_beat` is not among them: it never comes alone. */
export const causes: readonly Cause[] = [...fresh, ...route, ...protocol, ...runtime, ...policy]

/** At the edge, and still earning. */
export const harmless: readonly (readonly [what: string, changes: Changes])[] = [
  ['a beat of 60 s ago', { hot: { beatAtMs: secondsAgo(60) } }],
  ['a beat that the grace covers', graced(secondsAgo(130))],
  ['a probe of 180 s ago', probed({ ...goodProbe, okAtMs: secondsAgo(180) })],
  ['one failed probe', probed({ ...goodProbe, failures: 1 })],
  ['a probe with the return', steady({ returnedAtMs: nowMs })],
  ['a cool-down that ends now', steady({ coolUntilMs: nowMs, coolMs: 120_000 })],
  ['approval without activity', { node: { status: 'approved' } }],
  ['a busy queue', { queue: { health: 'busy' } }],
  ['a benchmark that lasts another moment', { benchmark: { expiresAtMs: nowMs + 1 } }],
  ['live answers at 0.7 of the benchmark', slowed({ tokensPerSecondP50: 70 })],
  ['slow answers, but too few of them', slowed({ requests: 49 })],
  ['slow answers from before this benchmark', slowed({ benchmarkId: 'bench-0' })],
  ['a verdict on the artifact before this one', condemned(otherDigest)],
  ['failures that opened no breaker', broken({ failures: 4, openUntilMs: 0, opens: 0 })],
  ['a breaker that is half-open', broken({})],
  ['one that is half-open and being tried', broken({ trialUntilMs: nowMs + 1 })],
  ['the open breaker of another profile', broken({ openUntilMs: nowMs + 1 }, 'maker/model@q4')],
  ['another profile out of rotation', { hot: { disabledProfiles: ['maker/model@q4'] } }],
  ['liveness on record as stale', { hot: { liveness: 'stale' } }],
]
