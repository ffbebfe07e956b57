import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { Eligibility } from '../../src/protocol/heartbeat.ts'
import { aBenchmark } from '../adapters/dynamodb/facts.ts'
import {
  type ControlPlane,
  catalogueModel,
  digestOf,
  startControlPlane,
} from '../support/control-plane.ts'
import { approvedHost, installedModel } from '../support/test-host.ts'

const profile_id = 'maker/small@0'

let plane: ControlPlane
beforeAll(async () => {
  plane = await startControlPlane()
  const model = catalogueModel('maker/small', [digestOf('a'), digestOf('b')])
  await plane.operate('PUT', '/models', model)
})
afterAll(() => plane.stop())

const servingHost = async () => {
  const host = await approvedHost(plane)
  await host.offer([installedModel(digestOf('a'))])
  return host
}

const Page = z.object({
  data: z.array(
    z.object({
      node_id: z.string(),
      profile_id: z.string(),
      gates: Eligibility.shape.gates,
      blockers: Eligibility.shape.blockers,
      runbooks: z.record(z.string(), z.string()),
    }),
  ),
  next: z.string().nullable(),
})

const blockersOf = (body: unknown) =>
  z
    .object({ blockers: Eligibility.shape.blockers })
    .parse(body)
    .blockers.map((blocker) => blocker.code)

describe('the list of deployments', () => {
  test('has every profile of every node with its gates and blockers', async () => {
    const host = await servingHost()
    await host.offer([installedModel(digestOf('a')), installedModel(digestOf('b'))])
    const { data } = Page.parse((await plane.operate('GET', '/deployments')).body)
    const ours = data.filter((one) => one.node_id === host.nodeId)
    expect(ours).toMatchObject([
      { profile_id: 'maker/small@0', gates: { runtime: true, policy: false } },
      { profile_id: 'maker/small@1', gates: { runtime: true, policy: false } },
    ])
    const codes = ours[0]?.blockers.map((blocker) => blocker.code) ?? []
    expect(codes).toContain('benchmark_missing')
    expect(ours[0]?.runbooks).toEqual(
      Object.fromEntries(codes.map((code) => [code, `docs/runbooks/gates.md#${code}`])),
    )
  })

  test('tells what was measured, what customers see, and when it was tried', async () => {
    const { nodeId } = await servingHost()
    const benchmark = aBenchmark({ flags: ['above_roofline'], isPaid: false })
    const { benchmarkId } = benchmark
    const atMs = benchmark.atMs
    await plane.fleet.writeBenchmark({ nodeId, profileId: profile_id }, benchmark)
    const at = { nodeId, profileId: profile_id }
    const live = { benchmarkId, requests: 60, tokensPerSecondP50: 41 }
    await plane.fleet.changeLiveSpeed(at, { from: undefined, to: live })
    const runs = { startedAtMs: [atMs], triedAtMs: atMs, leaseUntilMs: 0 }
    await plane.fleet.changeBenchmarkRuns(at, { from: undefined, to: runs })
    const Shown = z.object({
      data: z.array(
        z.looseObject({ node_id: z.string(), observed_benchmark: z.object({}).loose().nullable() }),
      ),
    })
    const { data } = Shown.parse((await plane.operate('GET', '/deployments')).body)
    const shown = data.find((one) => one.node_id === nodeId)
    expect(shown).toMatchObject({
      observed_benchmark: {
        id: benchmarkId,
        is_paid: false,
        first_content_p95_ms: 240,
        prefill_tokens_per_second: 900,
        tokens_per_second_p5: 55,
        concurrency_at_target: 4,
        error_rate: 0,
        count_ratio: 1,
        capabilities: { streaming: true, json_schema: true, context_tokens: 16_384 },
        flags: ['above_roofline'],
      },
      live_speed: { benchmark_id: benchmarkId, requests: 60, tokens_per_second_p50: 41 },
      benchmark_runs: { started_at: [new Date(atMs).toISOString()], leased_until: null },
    })
    // Each fact of the stored evidence has a name on the wire.
    const names = Object.keys(benchmark).length
    expect(Object.keys(shown?.observed_benchmark ?? {})).toHaveLength(names)
  })

  test('comes in pages that end between nodes', async () => {
    const host = await approvedHost(plane)
    await host.offer([installedModel(digestOf('a')), installedModel(digestOf('b'))])
    await servingHost()
    const seen: string[] = []
    let after = ''
    for (let page = 0; page < 100; page += 1) {
      const { body } = await plane.operate('GET', `/deployments?limit=1${after}`)
      const { data, next } = Page.parse(body)
      expect(new Set(data.map((one) => one.node_id)).size).toBeLessThanOrEqual(1)
      seen.push(...data.map((one) => `${one.node_id} ${one.profile_id}`))
      if (next === null) break
      after = `&after=${next}`
    }
    const all = Page.parse((await plane.operate('GET', '/deployments')).body).data
    expect(seen).toEqual(all.map((one) => `${one.node_id} ${one.profile_id}`))
  })
})

describe('the breaker of a deployment', () => {
  const Shown = z.object({
    node_id: z.string(),
    breaker: z.looseObject({ state: z.string() }).nullable(),
    blockers: Eligibility.shape.blockers,
  })
  const shown = async (nodeId: string) => {
    const { body } = await plane.operate('GET', '/deployments')
    const { data } = z.object({ data: z.array(Shown) }).parse(body)
    return data.find((one) => one.node_id === nodeId)
  }
  const fail = async (nodeId: string, times: number) => {
    const at = { nodeId, profileId: profile_id }
    for (let time = 0; time < times; time += 1) {
      await plane.breakers.countFailure(at, plane.nowMs())
    }
  }

  test('is shown where failures were counted, with its state and until when it is open', async () => {
    const { nodeId } = await servingHost()
    expect(await shown(nodeId)).toMatchObject({ breaker: null })
    await fail(nodeId, 2)
    const closed = { state: 'closed', failures: 2, open_until: null, opens: 0 }
    expect(await shown(nodeId)).toMatchObject({ breaker: closed })

    await fail(nodeId, 3)
    const open_until = new Date(plane.nowMs() + 30_000).toISOString()
    const open = await shown(nodeId)
    expect(open?.breaker).toEqual({ state: 'open', failures: 5, open_until, opens: 1 })
    expect(open?.blockers.map(({ code }) => code)).toContain('breaker_open')

    plane.passMs(30_000)
    const halfOpen = await shown(nodeId)
    expect(halfOpen?.breaker).toEqual({ state: 'half_open', failures: 5, open_until, opens: 1 })
    expect(halfOpen?.blockers.map(({ code }) => code)).not.toContain('breaker_open')
  })

  test('is closed by enabling, and by nothing else that an operator does', async () => {
    const { nodeId } = await servingHost()
    await fail(nodeId, 5)
    const name = { node_id: nodeId, profile_id }
    const disabled = await plane.operate('POST', '/deployments/disable', name)
    expect(disabled.body).toMatchObject({ breaker: { state: 'open' } })
    const enabled = await plane.operate('POST', '/deployments/enable', name)
    expect(enabled).toMatchObject({ status: 200, body: { breaker: null } })
    expect(blockersOf(enabled.body)).not.toContain('breaker_open')
  })
})

describe('taking a deployment out of rotation', () => {
  test('closes its policy gate, is seen by the host, and can be undone', async () => {
    const host = await servingHost()
    const name = { node_id: host.nodeId, profile_id }
    const before = plane.judgements()
    const disabled = await plane.operate('POST', '/deployments/disable', name)
    expect(disabled).toMatchObject({ status: 200, body: { ...name, gates: { policy: false } } })
    expect(blockersOf(disabled.body)).toContain('disabled_by_operator')
    expect(plane.judgements()).toBe(before + 1)

    const beat = z.object({ eligibility: z.array(z.unknown()) }).parse((await host.beat()).body)
    expect(blockersOf(beat.eligibility[0])).toContain('disabled_by_operator')

    const enabled = await plane.operate('POST', '/deployments/enable', name)
    expect(blockersOf(enabled.body)).not.toContain('disabled_by_operator')
  })

  test('again is no error', async () => {
    const host = await servingHost()
    const name = { node_id: host.nodeId, profile_id }
    for (const way of ['disable', 'disable', 'enable', 'enable']) {
      expect((await plane.operate('POST', `/deployments/${way}`, name)).status).toBe(200)
    }
  })

  test('of two profiles at once keeps both out', async () => {
    const host = await approvedHost(plane)
    await host.offer([installedModel(digestOf('a')), installedModel(digestOf('b'))])
    await Promise.all(
      ['maker/small@0', 'maker/small@1'].map((one) =>
        plane.operate('POST', '/deployments/disable', { node_id: host.nodeId, profile_id: one }),
      ),
    )
    const row = await plane.fleet.readRow(host.nodeId)
    expect(row?.hot?.disabledProfiles.toSorted()).toEqual(['maker/small@0', 'maker/small@1'])
  })

  test.each([
    ['an unknown node', { node_id: `n_${'a'.repeat(26)}`, profile_id }, 404, 'node_not_found'],
    ['no node id', { profile_id }, 400, 'missing_required_parameter'],
    ['a malformed node id', { node_id: 'box', profile_id }, 400, 'invalid_value'],
  ])('of %s is refused', async (_, name, status, code) => {
    const reply = await plane.operate('POST', '/deployments/disable', name)
    expect(reply).toMatchObject({ status, error: { code } })
  })

  test('of a profile that the node does not have is refused', async () => {
    const host = await servingHost()
    const name = { node_id: host.nodeId, profile_id: 'maker/small@1' }
    const reply = await plane.operate('POST', '/deployments/disable', name)
    expect(reply).toMatchObject({ status: 404, error: { param: 'profile_id' } })
  })
})
