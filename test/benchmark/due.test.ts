import { describe, expect, test } from 'vitest'
import { deployedBudget } from '../../src/benchmark/budget.ts'
import { byNeed, dueProfiles, renewAtMs, runBegun, runEnded } from '../../src/benchmark/due.ts'
import type { HotItem, NodeFacts, NodeProfile } from '../../src/fleet/node.ts'
import { aBeat, aBenchmark, aNode, aProfile, nowMs } from '../adapters/dynamodb/facts.ts'
import { modelOnSale } from '../support/model-on-sale.ts'

const hourMs = 60 * 60_000
const dayMs = 24 * hourMs
const models = [{ ...modelOnSale('maker/model'), version: 1 }]
const budget = deployedBudget

type Changes = {
  readonly node?: Partial<NodeFacts>
  readonly hot?: Partial<HotItem>
  readonly profile?: Partial<NodeProfile>
  readonly others?: readonly Partial<NodeProfile>[]
}

function dueOf({ node: nodeChanges, hot, profile, others = [] }: Changes, atMs = nowMs) {
  const node = aNode({ status: 'active', ...nodeChanges })
  const { nodeId } = node
  const row = {
    node,
    hot: {
      ...aBeat(nodeId, { beatAtMs: atMs }),
      isRevoked: false,
      probe: { okAtMs: atMs, failures: 0, epoch: 1 },
      disabledProfiles: [],
      breakers: {},
      liveness: 'fresh' as const,
      ...hot,
    },
    profiles: [profile ?? {}, ...others].map((changes) => aProfile(nodeId, changes)),
  }
  return dueProfiles(row, models, { nowMs: atMs, budget })
}
const count = (changes: Changes, atMs?: number) => dueOf(changes, atMs).length

describe('a profile is due', () => {
  test('when it lacks nothing but a benchmark', () => {
    expect(dueOf({})).toMatchObject([{ isClosed: true, profile: { profileId: 'maker/model@q8' } }])
  })

  test.each([
    ['its node waits for approval', { node: { status: 'pending' } }],
    ['its route is unproven', { hot: { probe: undefined } }],
    ['its owner takes no paid work', { hot: { paidEnabled: false } }],
    ['it is remote', { profile: { remote: true } }],
    ['its queue is full', { hot: { queues: queued('busy') } }],
  ] satisfies [string, Changes][])('not when %s', (_, changes) => {
    expect(count(changes)).toBe(0)
  })

  test.each([
    ['has expired', { expiresAtMs: nowMs }],
    ['is of another artifact', { artifactDigest: `sha256:${'b'.repeat(64)}` }],
    ['is of another runtime version', { runtimeVersion: '0.1' }],
    ['is of other host facts', { factsDigest: 'e'.repeat(64) }],
    ['is of another kind of route', { routeKind: 'cloudflared_named' as const }],
  ])('when its benchmark %s', (_, changes) => {
    expect(count({ profile: { benchmark: aBenchmark(changes) } })).toBe(1)
  })

  test('when customers find it far slower than its benchmark says', () => {
    const benchmark = aBenchmark({ expiresAtMs: nowMs + 7 * dayMs })
    const { benchmarkId } = benchmark
    const slow = { benchmarkId, requests: 50, tokensPerSecondP50: 30 }
    expect(count({ profile: { benchmark, liveSpeed: slow } })).toBe(1)
    expect(count({ profile: { benchmark, liveSpeed: { ...slow, requests: 49 } } })).toBe(0)
  })
})

describe('a benchmark is renewed', () => {
  const benchmark = aBenchmark({ atMs: nowMs, expiresAtMs: nowMs + 7 * dayMs })

  test('two hours before its end at the latest, and by a tenth of its life sooner', () => {
    const times = Array.from({ length: 200 }, () => renewAtMs(benchmark, aNode().nodeId))
    const latest = benchmark.expiresAtMs - 2 * hourMs
    expect(Math.max(...times)).toBeLessThanOrEqual(latest)
    expect(Math.min(...times)).toBeGreaterThanOrEqual(latest - 0.7 * dayMs)
    // Spread over the window, not in a heap.
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(0.6 * dayMs)
  })

  test('at a time that is the node’s own', () => {
    const { nodeId } = aNode()
    expect(renewAtMs(benchmark, nodeId)).toBe(renewAtMs(benchmark, nodeId))
  })

  test('from then on, and not before', () => {
    const node = aNode({ status: 'active' })
    const atMs = renewAtMs(benchmark, node.nodeId)
    expect(count({ node, profile: { benchmark } }, atMs - 1)).toBe(0)
    expect(dueOf({ node, profile: { benchmark } }, atMs)).toMatchObject([{ isClosed: false }])
  })
})

describe('a node is left alone', () => {
  const runs = (startedAtMs: number[], changes = {}) => ({
    benchmarkRuns: { startedAtMs, triedAtMs: nowMs - dayMs, leaseUntilMs: 0, ...changes },
  })

  test('after two runs within a day, over all its profiles', () => {
    const second = { profileId: 'maker/model@other', ...runs([nowMs - 2 * hourMs]) }
    expect(count({ profile: runs([nowMs - hourMs]), others: [second] })).toBe(0)
    const older = { ...second, ...runs([nowMs - dayMs]) }
    expect(count({ profile: runs([nowMs - hourMs]), others: [older] })).toBe(1)
  })

  test('while one of its profiles is measured', () => {
    const leased = runs([nowMs], { leaseUntilMs: nowMs + 1 })
    const other = { profileId: 'maker/model@other', ...leased }
    expect(count({ others: [other] })).toBe(0)
  })

  test('for a quarter of an hour after a try', () => {
    const tried = (agoMs: number) => runs([], { triedAtMs: nowMs - agoMs })
    expect(count({ profile: tried(budget.retryAfterMs - 1) })).toBe(0)
    expect(count({ profile: tried(budget.retryAfterMs) })).toBe(1)
  })
})

test('what sells nothing comes first, then who has waited longest', () => {
  const tried = (triedAtMs: number) => ({
    benchmarkRuns: { startedAtMs: [], triedAtMs, leaseUntilMs: 0 },
  })
  const open = { benchmark: aBenchmark({ atMs: nowMs - dayMs, expiresAtMs: nowMs + 1 }) }
  const [renewal] = dueOf({ profile: open })
  const [early] = dueOf({ profile: tried(1) })
  const [late] = dueOf({ profile: tried(2) })
  const [never] = dueOf({})
  if (!renewal || !early || !late || !never) throw new Error('all of them are due')
  expect([renewal, late, early, never].sort(byNeed)).toEqual([never, early, late, renewal])
})

describe('the record of runs', () => {
  test('keeps the starts of a day, and a lease while one is under way', () => {
    const begun = runBegun(
      { startedAtMs: [nowMs - dayMs, nowMs - hourMs], triedAtMs: nowMs - hourMs, leaseUntilMs: 0 },
      { nowMs, untilMs: nowMs + 1 },
    )
    const startedAtMs = [nowMs - hourMs, nowMs]
    expect(begun).toEqual({ startedAtMs, triedAtMs: nowMs, leaseUntilMs: nowMs + 1 })
    expect(runEnded(begun, true)).toEqual({ startedAtMs, triedAtMs: nowMs, leaseUntilMs: 0 })
  })

  test('forgets the start of a run that the host never answered', () => {
    const begun = runBegun(undefined, { nowMs, untilMs: nowMs + 1 })
    expect(runEnded(begun, false)).toEqual({ startedAtMs: [], triedAtMs: nowMs, leaseUntilMs: 0 })
  })
})

function queued(health: 'busy' | 'ok') {
  return {
    'vllm-0': {
      health,
      reachable: true,
      kind: 'vllm',
      version: '0.11.2',
      used: 0,
      capacity: 8,
    } as const,
  }
}
