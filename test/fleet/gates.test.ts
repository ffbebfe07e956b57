import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type BlockerCode, blockerTable } from '../../src/fleet/blockers.ts'
import { type GateFacts, gatesBitmap, hotBlockers, judgeGates } from '../../src/fleet/gates.ts'
import type { HotItem, NodeFacts, NodeProfile, ObservedBenchmark } from '../../src/fleet/node.ts'
import { NodeStatus } from '../../src/protocol/enrolment.ts'
import { Gates, NodeMode, NodeState, QueueHealth } from '../../src/protocol/heartbeat.ts'
import { aBeat, aBenchmark, aNode, aProfile, digest, nowMs } from '../adapters/dynamodb/facts.ts'

type Changes = {
  readonly node?: Partial<NodeFacts>
  readonly hot?: Partial<HotItem> | 'none'
  readonly queue?: Partial<HotItem['queues'][string]> | 'none'
  readonly profile?: Partial<NodeProfile>
  readonly benchmark?: Partial<ObservedBenchmark> | 'none'
  readonly isPriced?: boolean
  readonly approvedDigests?: ReadonlySet<string>
}

/** A profile that earns, changed. */
function facts(changes: Changes = {}): GateFacts {
  const node = { ...aNode({ status: 'active' }), ...changes.node }
  const { queues, ...beat } = aBeat(node.nodeId)
  const queue = queues['vllm-0']
  const hot: HotItem = {
    ...beat,
    queues: changes.queue === 'none' || !queue ? {} : { 'vllm-0': { ...queue, ...changes.queue } },
    probe: { okAtMs: nowMs, failures: 0, epoch: 1 },
    disabledProfiles: [],
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

const moment = { nowMs, grace: undefined }

const codesOf = (changes: Changes) =>
  judgeGates(facts(changes), moment).blockers.map(({ code }) => code)

const probed = (probe: HotItem['probe']): Changes => ({ hot: { probe } })

/** Every cause that closes a gate, alone. */
const causes: [BlockerCode, string, Changes][] = [
  ['heartbeat_stale', 'a beat of 60 s and more ago', { hot: { beatAtMs: nowMs - 60_001 } }],
  ...NodeState.options
    .filter((state) => state !== 'ready')
    .map((state): [BlockerCode, string, Changes] => [state, `state ${state}`, { hot: { state } }]),
  ['route_unproven', 'no probe yet', probed(undefined)],
  ['route_unproven', 'a probe of an older route', probed({ okAtMs: nowMs, failures: 0, epoch: 0 })],
  ['route_down', 'two failed probes', probed({ okAtMs: nowMs, failures: 2, epoch: 1 })],
  [
    'route_probe_stale',
    'a probe of 180 s and more ago',
    probed({ okAtMs: nowMs - 180_001, failures: 1, epoch: 1 }),
  ],
  ['not_approved', 'a pending node', { node: { status: 'pending' } }],
  ...(['suspended', 'retired', 'banned'] as const).map((status): [BlockerCode, string, Changes] => [
    'node_suspended',
    `a ${status} node`,
    { node: { status } },
  ]),
  ['runtime_unreachable', 'a runtime that does not answer', { queue: { reachable: false } }],
  ...(['ready_to_install', 'runtime_missing', 'hardware_unsupported'] as const).map(
    (installStatus): [BlockerCode, string, Changes] => [
      'profile_not_installed',
      `install status ${installStatus}`,
      { profile: { installStatus } },
    ],
  ),
  ['artifact_not_approved', 'a build of no manifest', { approvedDigests: new Set() }],
  ['remote_model', 'a model fetched from elsewhere', { profile: { remote: true } }],
  ...(['local', 'managed'] as const).map((mode): [BlockerCode, string, Changes] => [
    'mode_not_network',
    `mode ${mode}`,
    { node: { mode } },
  ]),
  ['paid_disabled', 'an owner who takes no paid work', { hot: { paidEnabled: false } }],
  ['route_tier_closed', 'tiers without a price', { isPriced: false }],
  ...(['local_convenience', 'unknown'] as const).map(
    (routeTier): [BlockerCode, string, Changes] => [
      'route_tier_closed',
      `tier ${routeTier}, at any price`,
      { profile: { routeTier } },
    ],
  ),
  ['disabled_by_operator', 'an operator', { hot: { disabledProfiles: ['maker/model@q8'] } }],
  ['benchmark_missing', 'no observed benchmark', { benchmark: 'none' }],
  ['benchmark_expired', 'one that ran out', { benchmark: { expiresAtMs: nowMs } }],
  [
    'benchmark_void',
    'one of another model file',
    { benchmark: { artifactDigest: `sha256:${'f'.repeat(64)}` } },
  ],
  ['benchmark_void', 'one of another runtime version', { benchmark: { runtimeVersion: '0.1' } }],
  [
    'benchmark_void',
    'one that is both void and over',
    { benchmark: { runtimeVersion: '0.1', expiresAtMs: nowMs } },
  ],
  ['queue_blocked', 'a runtime without progress', { queue: { health: 'blocked' } }],
  ['queue_unhealthy', 'a runtime that says so', { queue: { health: 'unhealthy' } }],
]

describe('a profile that lacks nothing', () => {
  test('is eligible, with five open gates', () => {
    const { profile } = facts()
    expect(judgeGates(facts(), moment)).toEqual({
      profile_id: profile.profileId,
      model: profile.model,
      eligible: true,
      gates: { fresh: true, route: true, protocol: true, runtime: true, policy: true },
      blockers: [],
    })
  })

  test.each([
    ['a beat of 60 s ago', { hot: { beatAtMs: nowMs - 60_000 } }],
    ['a probe of 180 s ago', probed({ okAtMs: nowMs - 180_000, failures: 0, epoch: 1 })],
    ['one failed probe', probed({ okAtMs: nowMs, failures: 1, epoch: 1 })],
    ['approval without activity', { node: { status: 'approved' } }],
    ['a busy queue', { queue: { health: 'busy' } }],
    ['a benchmark that lasts another moment', { benchmark: { expiresAtMs: nowMs + 1 } }],
    ['another profile out of rotation', { hot: { disabledProfiles: ['maker/model@q4'] } }],
    ['liveness on record as stale', { hot: { liveness: 'stale' } }],
  ] satisfies [string, Changes][])('is so with %s', (_, changes) => {
    expect(codesOf(changes)).toEqual([])
  })
})

describe('each cause closes its gate alone, with its blocker', () => {
  test.each(causes)('%s: %s', (code, _, changes) => {
    const { gate, message } = blockerTable[code]
    const all = { fresh: true, route: true, protocol: true, runtime: true, policy: true }
    expect(judgeGates(facts(changes), moment)).toMatchObject({
      eligible: false,
      gates: { ...all, [gate]: false },
      blockers: [{ gate, code, message }],
    })
  })

  test('and every blocker has a cause; one that never beat lacks more than that', () => {
    const covered = new Set<string>(causes.map(([code]) => code))
    expect(Object.keys(blockerTable).filter((code) => !covered.has(code))).toEqual(['never_beat'])
    expect(codesOf({ hot: 'none' })).toEqual([
      'never_beat',
      'route_unproven',
      'runtime_unreachable',
    ])
  })

  test('a runtime that is not in the beat cannot be reached', () => {
    expect(codesOf({ queue: 'none' })).toEqual(['runtime_unreachable'])
  })
})

describe('at dispatch the hot item closes what may have changed since the pool was built', () => {
  const seenAtDispatch = new Set<BlockerCode>([
    'never_beat',
    'heartbeat_stale',
    'paused_by_owner',
    'draining',
    'user_active',
    'degraded',
    'route_unproven',
    'route_down',
    'route_probe_stale',
    'runtime_unreachable',
    'paid_disabled',
    'disabled_by_operator',
    'queue_blocked',
    'queue_unhealthy',
  ])
  const hotCodesOf = (changes: Changes) => {
    const { hot, node, profile } = facts(changes)
    return hotBlockers(hot, { ...profile, routeEpoch: node.route.epoch }, moment)
  }

  test.each(causes.filter(([code]) => seenAtDispatch.has(code)))('%s: %s', (code, _, changes) => {
    expect(hotCodesOf(changes)).toEqual([code])
  })

  test('and nothing for a profile that earns; everything without a beat', () => {
    expect(hotCodesOf({})).toEqual([])
    const withoutBeat = ['never_beat', 'route_unproven', 'runtime_unreachable']
    expect(hotCodesOf({ hot: 'none' })).toEqual(withoutBeat)
  })
})

const anyFacts = fc
  .record({
    status: fc.constantFrom(...NodeStatus.options),
    mode: fc.constantFrom(...NodeMode.options),
    hasBeat: fc.boolean(),
    state: fc.constantFrom(...NodeState.options),
    beatAgoMs: fc.integer({ min: 0, max: 120_000 }),
    probe: fc.option(
      fc.record({
        okAtMs: fc.integer({ min: nowMs - 360_000, max: nowMs }),
        failures: fc.nat({ max: 3 }),
        epoch: fc.nat({ max: 1 }),
      }),
      { nil: undefined },
    ),
    health: fc.constantFrom(...QueueHealth.options),
    flags: fc.record({
      reachable: fc.boolean(),
      remote: fc.boolean(),
      paidEnabled: fc.boolean(),
      isPriced: fc.boolean(),
    }),
    benchmark: fc.constantFrom('none' as const, {}, { expiresAtMs: nowMs }),
  })
  .map((any) =>
    facts({
      node: { status: any.status, mode: any.mode },
      hot: any.hasBeat
        ? {
            state: any.state,
            beatAtMs: nowMs - any.beatAgoMs,
            probe: any.probe,
            paidEnabled: any.flags.paidEnabled,
          }
        : 'none',
      queue: { health: any.health, reachable: any.flags.reachable },
      profile: { remote: any.flags.remote },
      benchmark: any.benchmark,
      isPriced: any.flags.isPriced,
    }),
  )

describe('whatever the facts', () => {
  test('eligible means no blockers, and a gate is open without blockers of its own', () => {
    fc.assert(
      fc.property(anyFacts, (any) => {
        const { eligible, gates, blockers } = judgeGates(any, moment)
        expect(eligible).toBe(blockers.length === 0)
        for (const gate of Gates.keyof().options) {
          expect(gates[gate]).toBe(blockers.every((one) => one.gate !== gate))
        }
        expect(new Set(blockers.map(({ code }) => code)).size).toBe(blockers.length)
      }),
    )
  })

  test('what the hot item closes at dispatch is closed in the judgement too', () => {
    fc.assert(
      fc.property(anyFacts, (any) => {
        const { runtimeId, profileId } = any.profile
        const at = { runtimeId, profileId, routeEpoch: any.node.route.epoch }
        const judged = judgeGates(any, moment).blockers.map(({ code }) => code)
        for (const code of hotBlockers(any.hot, at, moment)) expect(judged).toContain(code)
      }),
    )
  })
})

test('the gates as bits, fresh first', () => {
  const open = { fresh: true, route: true, protocol: true, runtime: true, policy: true }
  const shut = { fresh: false, route: false, protocol: false, runtime: false, policy: false }
  expect(gatesBitmap(open)).toBe(31)
  expect(gatesBitmap(shut)).toBe(0)
  const bits = Gates.keyof().options.map((gate) => gatesBitmap({ ...shut, [gate]: true }))
  expect(bits).toEqual([1, 2, 4, 8, 16])
})
