import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type BlockerCode, blockerTable } from '../../src/fleet/blockers.ts'
import { gatesBitmap, hotBlockers, judgeGates } from '../../src/fleet/gates.ts'
import { NodeStatus } from '../../src/protocol/enrolment.ts'
import { Gates } from '../../src/protocol/heartbeat.ts'
import { NodeMode, NodeState, QueueHealth } from '../../src/protocol/node-conditions.ts'
import { aSteadiness, nowMs } from '../adapters/dynamodb/facts.ts'
import { type Changes, causes, facts, harmless, momentOf } from './gate-causes.ts'

const moment = momentOf({})

const codesOf = (changes: Changes) =>
  judgeGates(facts(changes), momentOf(changes)).blockers.map(({ code }) => code)

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

  test.each(harmless)('is so with %s', (_, changes) => {
    expect(codesOf(changes)).toEqual([])
  })
})

describe('each cause closes its gate alone, with its blocker', () => {
  test.each(causes)('%s: %s', (code, _, changes) => {
    const { gate, message } = blockerTable[code]
    const all = { fresh: true, route: true, protocol: true, runtime: true, policy: true }
    expect(judgeGates(facts(changes), momentOf(changes))).toMatchObject({
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

/** What the hot item, read beside the reserve, tells of a candidate that a pass nominated. */
const hotCodesOf = (changes: Changes) => {
  const { hot, node, profile } = facts(changes)
  const evidence = profile.benchmark && {
    untilMs: profile.benchmark.expiresAtMs,
    runtimeVersion: profile.benchmark.runtimeVersion,
    factsDigest: profile.benchmark.factsDigest,
  }
  const at = { ...profile, routeEpoch: node.route.epoch, evidence }
  return hotBlockers(hot, at, momentOf(changes))
}

describe('at dispatch the hot item closes what may have changed since the pool was built', () => {
  /** Facts of the node, of the profile and of the catalogue: a request reads none of them. */
  const knownToThePoolAlone = new Set<BlockerCode>([
    'not_approved',
    'profile_not_installed',
    'artifact_not_approved',
    'remote_model',
    'mode_not_network',
    'route_tier_closed',
    'benchmark_missing',
    'benchmark_stale',
    'spot_checks_failed',
  ])
  const isOfThePool = ([code, , { node, benchmark }]: (typeof causes)[number]) =>
    knownToThePoolAlone.has(code) ||
    (code === 'node_suspended' && node !== undefined) ||
    (code === 'benchmark_void' &&
      typeof benchmark === 'object' &&
      ('artifactDigest' in benchmark || 'routeKind' in benchmark))

  test.each(causes.filter((cause) => !isOfThePool(cause)))('%s: %s', (code, _, changes) => {
    expect(hotCodesOf(changes)).toEqual([code])
  })

  test.each(causes.filter(isOfThePool))('and cannot know of %s: %s', (_, __, changes) => {
    expect(hotCodesOf(changes)).toEqual([])
  })

  test('nothing is closed for a profile that earns; everything without a beat', () => {
    expect(hotCodesOf({})).toEqual([])
    for (const [, changes] of harmless) expect(hotCodesOf(changes)).toEqual([])
    const withoutBeat = ['never_beat', 'route_unproven', 'runtime_unreachable']
    expect(hotCodesOf({ hot: 'none' })).toEqual(withoutBeat)
  })

  test('a profile under measurement has no evidence that could be void', () => {
    const { hot, node, profile } = facts({ queue: { version: '0.2' } })
    expect(hotBlockers(hot, { ...profile, routeEpoch: node.route.epoch }, moment)).toEqual([])
  })
})

const anyFacts = fc
  .record({
    status: fc.constantFrom(...NodeStatus.options),
    mode: fc.constantFrom(...NodeMode.options),
    hasBeat: fc.boolean(),
    state: fc.constantFrom(...NodeState.options),
    beatAgoMs: fc.integer({ min: 0, max: 120_000 }),
    steadiness: fc.record({
      beats: fc.constantFrom(1, 2),
      returnedAtMs: fc.integer({ min: nowMs - 360_000, max: nowMs }),
      coolUntilMs: fc.constantFrom(0, nowMs, nowMs + 1),
    }),
    probe: fc.option(
      fc.record({
        okAtMs: fc.integer({ min: nowMs - 360_000, max: nowMs }),
        failures: fc.nat({ max: 3 }),
        epoch: fc.nat({ max: 1 }),
      }),
      { nil: undefined },
    ),
    health: fc.constantFrom(...QueueHealth.options),
    version: fc.constantFrom('0.11.2', '0.12'),
    flags: fc.record({
      reachable: fc.boolean(),
      remote: fc.boolean(),
      paidEnabled: fc.boolean(),
      isPriced: fc.boolean(),
      isRevoked: fc.boolean(),
    }),
    benchmark: fc.constantFrom('none' as const, {}, { expiresAtMs: nowMs }),
    openUntilMs: fc.integer({ min: nowMs - 360_000, max: nowMs + 360_000 }),
  })
  .map(
    (drawn): Changes => ({
      node: { status: drawn.status, mode: drawn.mode },
      hot: drawn.hasBeat
        ? {
            state: drawn.state,
            beatAtMs: nowMs - drawn.beatAgoMs,
            steadiness: aSteadiness(drawn.steadiness),
            probe: drawn.probe,
            paidEnabled: drawn.flags.paidEnabled,
            isRevoked: drawn.flags.isRevoked,
            breakers: {
              'maker/model@q8': {
                failures: 5,
                fromMs: drawn.openUntilMs - 30_000,
                openUntilMs: drawn.openUntilMs,
                opens: 1,
                trialUntilMs: 0,
              },
            },
          }
        : 'none',
      queue: { health: drawn.health, reachable: drawn.flags.reachable, version: drawn.version },
      profile: { remote: drawn.flags.remote },
      benchmark: drawn.benchmark,
      isPriced: drawn.flags.isPriced,
    }),
  )

describe('whatever the facts', () => {
  test('eligible means no blockers, and a gate is open without blockers of its own', () => {
    fc.assert(
      fc.property(anyFacts, (any) => {
        const { eligible, gates, blockers } = judgeGates(facts(any), moment)
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
        const judged = codesOf(any)
        for (const code of hotCodesOf(any)) expect(judged).toContain(code)
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
