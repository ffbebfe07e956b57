import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { deployedBudget } from '../../src/benchmark/budget.ts'
import type { NodeFacts } from '../../src/fleet/node.ts'
import type { Beat } from '../../src/fleet/ports.ts'
import { dayMs } from '../../src/protocol/clock.ts'
import { runBenchmarks } from '../../src/schedules/run-benchmarks.ts'
import { aBeat } from '../adapters/dynamodb/facts.ts'
import { type MeasuredHosts, startMeasuredHosts } from '../benchmark/measured-host.ts'
import { smallBudget } from '../benchmark/small-budget.ts'
import { busy, hangsUp, streams } from '../support/host-answers.ts'
import { modelOnSale } from '../support/model-on-sale.ts'
import type { ScriptedHost } from '../support/scripted-host.ts'
import { installBoth, modelInTwoBuilds } from './two-builds.ts'

const hello = streams(['Hello'])
let hosts: MeasuredHosts

beforeAll(async () => {
  hosts = await startMeasuredHosts()
})
afterAll(() => hosts.stop())

const done = { run: 1, passed: 1, unpaid: 1, postponed: 0 }
const nothing = { run: 0, passed: 0, unpaid: 0, postponed: 0 }

test('a run leaves evidence of all that it is bound to, and the profile is not due any more', async () => {
  const host = await hosts.enrolled(hello)
  const startedAtMs = hosts.deps.nowMs()
  const { report, profile, benchmark } = await hosts.run(host)
  expect(report).toEqual(done)
  expect(benchmark).toMatchObject({
    artifactDigest: profile.artifactDigest,
    runtimeVersion: '0.11.2',
    factsDigest: 'f'.repeat(64),
    routeKind: 'direct',
    errorRate: 0,
  })
  expect(benchmark?.benchmarkId).toMatch(/^[0-9a-f]{64}$/)
  expect(benchmark?.atMs).toBeGreaterThanOrEqual(startedAtMs)
  expect((await hosts.run(host)).report).toEqual(nothing)
})

describe('evidence lasts', () => {
  const t1Prices = modelOnSale('x').prices.flatMap((row) => [
    row,
    { ...row, trust_tier: 'T1' as const },
  ])
  test.each([
    ['a day for T0 in its first week', { trustTier: 'T0', enrolledAtMs: Date.now() }, dayMs],
    ['a week for T0 later', { trustTier: 'T0', enrolledAtMs: Date.now() - 8 * dayMs }, 7 * dayMs],
    ['a week for T1', { trustTier: 'T1', enrolledAtMs: Date.now() }, 7 * dayMs],
  ] satisfies [string, Partial<NodeFacts>, number][])('%s', async (_, node, lastsMs) => {
    await hosts.bench.catalogue.putModel(modelOnSale('maker/model', { prices: t1Prices }))
    const { benchmark } = await hosts.run(await hosts.enrolled(hello, { node }))
    expect((benchmark?.expiresAtMs ?? 0) - (benchmark?.atMs ?? 0)).toBe(lastsMs)
  })
})

describe('evidence is void, and a run makes new one, after a change of', () => {
  const beats = (changes: Partial<Beat>) => async (host: ScriptedHost) => {
    const atMs = hosts.deps.nowMs() + 1
    const beat = aBeat(host.nodeId, { seq: atMs, beatAtMs: atMs, ...changes })
    await hosts.bench.fleet.recordBeat(beat)
  }
  const newer = {
    health: 'ok',
    reachable: true,
    kind: 'vllm',
    version: '0.12.0',
    used: 0,
    capacity: 8,
  } as const
  const digest = `sha256:${'c'.repeat(64)}`

  test.each([
    ['the runtime’s version', beats({ queues: { 'vllm-0': newer } })],
    ['the machine’s facts', beats({ factsDigest: 'e'.repeat(64) })],
    [
      'the kind of route',
      async ({ nodeId, url }: ScriptedHost) => {
        const { fleet } = hosts.bench
        const route = { kind: 'cloudflared_named', url, epoch: 2, tunnelId: 't' } as const
        await fleet.changeOffer({ nodeId, fromEpoch: 1, mode: 'network', route })
        await fleet.recordProbe({ nodeId, epoch: 2, atMs: hosts.deps.nowMs(), isGood: true })
      },
    ],
    [
      'the artifact',
      async ({ nodeId }: ScriptedHost) => {
        const { profiles, node } = await hosts.rowOf(nodeId)
        const model = modelOnSale('maker/model')
        const builds = model.profiles.flatMap((one) => [
          one,
          { ...one, artifact: { ...one.artifact, digest } },
        ])
        await hosts.bench.catalogue.putModel({ ...model, profiles: builds })
        const changed = profiles.map((profile) => ({ ...profile, artifactDigest: digest }))
        const hostFacts = node.hostFacts ?? { os: 'linux', arch: 'x64', driver: null, gpus: [] }
        await hosts.bench.fleet.writeProfiles(nodeId, changed, { basis: 'other', hostFacts })
      },
    ],
  ])('%s', async (_, change) => {
    const host = await hosts.enrolled(hello)
    const { benchmark: first } = await hosts.run(host)
    await change(host)
    const { report, benchmark: second } = await hosts.run(host)
    expect(report).toEqual(done)
    expect(second?.benchmarkId).not.toBe(first?.benchmarkId)
    expect((await hosts.run(host)).report).toEqual(nothing)
  })
})

describe('a node is measured', () => {
  test('by one of two runs of the schedule that see it due at once', async () => {
    const host = await hosts.enrolled(hello)
    const reports = await Promise.all([hosts.run(host), hosts.run(host), hosts.run(host)])
    const sum = reports.reduce((runs, { report }) => runs + report.run, 0)
    expect(sum).toBe(1)
  })

  test('not in its other build either, where somebody took the first since it was read', async () => {
    await hosts.bench.catalogue.putModel(modelInTwoBuilds)
    const { fleet } = hosts.bench
    const host = await hosts.enrolled(hello)
    await installBoth(fleet, host.nodeId)
    const stale = await hosts.rowOf(host.nodeId)
    const [first] = stale.profiles
    if (!first) throw new Error('the node has two profiles')
    const nowMs = hosts.deps.nowMs()
    const to = { startedAtMs: [nowMs], triedAtMs: nowMs, leaseUntilMs: nowMs + 60_000 }
    await fleet.changeBenchmarkRuns(first, { from: undefined, to })
    const report = await runBenchmarks({
      ...hosts.deps,
      fleet: {
        ...fleet,
        async *rows() {
          yield stale
        },
      },
      onUnmeasured: () => undefined,
    })
    expect({ report, asked: host.dispatches.length }).toEqual({ report: nothing, asked: 0 })
  })

  test('not while a run is under way, and again when a lost run’s lease is over', async () => {
    const host = await hosts.enrolled(hello)
    const startedAtMs = hosts.deps.nowMs()
    const lost = { startedAtMs: [], triedAtMs: startedAtMs, leaseUntilMs: startedAtMs + 60_000 }
    const profile = { nodeId: host.nodeId, profileId: 'maker/model@q8' }
    await hosts.bench.fleet.changeBenchmarkRuns(profile, { from: undefined, to: lost })
    expect((await hosts.run(host)).report).toEqual(nothing)
    const over = { ...lost, leaseUntilMs: startedAtMs - 1 }
    await hosts.bench.fleet.changeBenchmarkRuns(profile, { from: lost, to: over })
    expect((await hosts.run(host)).report).toEqual(done)
  })

  test('twice a day at most, however often its evidence is void', async () => {
    const host = await hosts.enrolled(hello)
    const runtimes = ['0.12.0', '0.13.0', '0.14.0']
    const reports = []
    for (const version of runtimes) {
      const atMs = hosts.deps.nowMs() + reports.length + 1
      const queue = {
        health: 'ok',
        reachable: true,
        kind: 'vllm',
        version,
        used: 0,
        capacity: 8,
      } as const
      const queues = { 'vllm-0': queue }
      const beat = aBeat(host.nodeId, { seq: atMs, beatAtMs: atMs, queues })
      await hosts.bench.fleet.recordBeat(beat)
      reports.push((await hosts.run(host)).report.run)
    }
    expect(reports).toEqual([1, 1, 0])
  })
})

describe('a run without evidence', () => {
  test('of a host that answers nothing is told, and costs it none of its day', async () => {
    const host = await hosts.enrolled(hangsUp)
    const { report, profile, unmeasured } = await hosts.run(host)
    expect(report).toEqual({ ...nothing, run: 1 })
    expect(unmeasured).toMatchObject([
      { nodeId: host.nodeId, why: 'no_answer', last: 'connect_failed' },
    ])
    expect(profile.benchmarkRuns).toMatchObject({ startedAtMs: [], leaseUntilMs: 0 })
  })

  test('leaves the node alone for a while', async () => {
    const host = await hosts.enrolled(busy)
    const { retryAfterMs } = deployedBudget
    const budget = { ...smallBudget, retryAfterMs }
    expect((await hosts.run(host, { budget })).report.run).toBe(1)
    expect((await hosts.run(host, { budget })).report.run).toBe(0)
  })

  test('not while an operator has paused it, and then at once', async () => {
    const host = await hosts.enrolled(hello)
    const { node } = await hosts.rowOf(host.nodeId)
    const untilMs = hosts.deps.nowMs() + 60_000
    for (const scope of [
      { kind: 'node', id: host.nodeId },
      { kind: 'owner', id: node.ownerId },
      { kind: 'model', id: 'maker/model' },
      { kind: 'everything' },
    ] as const) {
      const readIncidents = async () => [{ incidentId: 'inc_1', scope, untilMs }]
      expect((await hosts.run(host, { readIncidents })).report).toEqual(nothing)
    }
    expect(host.dispatches).toEqual([])
    expect((await hosts.run(host)).report.run).toBe(1)
  })

  test('keeps no other node from its own', async () => {
    const [dead, live] = [await hosts.enrolled(hangsUp), await hosts.enrolled(hello)]
    const { fleet } = hosts.bench
    const report = await runBenchmarks({
      ...hosts.deps,
      fleet: {
        ...fleet,
        async *rows() {
          yield await hosts.rowOf(dead.nodeId)
          yield await hosts.rowOf(live.nodeId)
        },
      },
      onUnmeasured: () => undefined,
    })
    expect(report).toEqual({ ...done, run: 2 })
  })
})

test('what a run of the schedule has no time to begin is postponed', async () => {
  const host = await hosts.enrolled(hello)
  let lateMs = 0
  const nowMs = () => {
    lateMs += 25_000
    return hosts.deps.nowMs() + lateMs
  }
  const { report } = await hosts.run(host, { nowMs })
  expect(report).toEqual({ ...nothing, postponed: 1 })
  expect(host.dispatches).toEqual([])
})
