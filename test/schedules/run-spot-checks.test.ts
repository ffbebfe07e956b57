// Checks that are due, asked through the paid path of every request; what they come to is in
// `run-spot-checks-verdict.test.ts`.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeAskOneHost } from '../../src/gateway/ask-one-host.ts'
import { anyVersion } from '../../src/spot-checks/reference.ts'
import { aBenchmark } from '../adapters/dynamodb/facts.ts'
import { aReference, moved, tops } from '../spot-checks/facts.ts'
import { type GatewayBench, startGatewayBench } from '../support/gateway-bench.ts'
import { busy, streams } from '../support/host-answers.ts'
import { modelOnSale } from '../support/model-on-sale.ts'
import { type SpotCheckBench, shows, spotCheckBench } from './spot-checked-host.ts'
import { installBoth, modelInTwoBuilds, otherBuild } from './two-builds.ts'

let bench: GatewayBench
let checks: SpotCheckBench
beforeAll(async () => {
  bench = await startGatewayBench()
  checks = await spotCheckBench(bench)
})
afterAll(() => bench.stop())

const nothing = {
  hasRun: true,
  passed: 0,
  failed: 0,
  inconclusive: 0,
  unanswered: 0,
  withoutReference: 0,
  withoutPrompt: 0,
  withoutFunds: 0,
  condemned: 0,
}

describe('a check', () => {
  test('passes where the host shows what the trusted runner showed', async () => {
    await checks.platform()
    const host = await checks.host(shows(tops))
    expect(await checks.run([host])).toEqual({ ...nothing, passed: 1 })
    expect((await checks.profileOf(host)).spotChecks).toMatchObject({ passed: 1, failed: 0 })
    expect(checks.judged.at(-1)).toMatchObject({ nodeId: host.nodeId, hasPassed: true })
  })

  test('is a paid request: held, settled, receipted, and nothing in it names the platform', async () => {
    const payer = await checks.platform()
    const host = await checks.host(shows(tops))
    await checks.run([host])
    const receipt = await bench.onlyReceipt(payer)
    expect(receipt.body.result.status).toBe('completed')
    expect(Number(receipt.body.charge.charge_usd)).toBeGreaterThan(0)
    expect(Number(receipt.body.charge.host_share_usd)).toBeGreaterThan(0)
    const { body, ticket, headers } = host.lastDispatch()
    expect(body).toMatchObject({ model: 'maker/model', stream: true, logprobs: true })
    expect(Object.keys(ticket)).not.toContain('class')
    expect(JSON.stringify([body, ticket, headers])).not.toContain(payer.key.accountId)
    expect((await bench.wallet(payer)).held).toBe(0n)
  })

  test('is not due again at once, and its prompt is never asked twice', async () => {
    await checks.platform()
    const host = await checks.host(shows(tops))
    const asked = new Set<string>()
    for (let hour = 0; hour < 12; hour += 1) {
      expect(await checks.run([host])).toEqual({ ...nothing, passed: 1 })
      asked.add(JSON.stringify(host.lastDispatch().body.messages))
      await checks.hourLater(host)
    }
    expect(asked.size).toBe(12)
    // The reference has twelve prompts.
    expect(await checks.run([host])).toEqual({ ...nothing, withoutPrompt: 1 })
    expect(host.dispatches).toHaveLength(12)
  })

  test('says nothing where the host shows no log-probabilities', async () => {
    await checks.platform()
    const host = await checks.host(streams(['Hello']))
    expect(await checks.run([host])).toEqual({ ...nothing, inconclusive: 1 })
    expect((await checks.profileOf(host)).spotChecks).toMatchObject({ passed: 0, failed: 0 })
    const sampling = (await checks.store.readSamplings(host.nodeId)).get('maker/model@q8')?.sampling
    expect(sampling).toMatchObject({ inconclusive: 1, alertRequests: 0 })
  })

  test('says nothing where the host is busy', async () => {
    await checks.platform()
    const host = await checks.host(busy)
    expect(await checks.run([host])).toEqual({ ...nothing, unanswered: 1 })
    expect((await checks.profileOf(host)).spotChecks).toBeUndefined()
  })

  test('follows customers’ requests at the rate of the tier', async () => {
    await checks.platform()
    const host = await checks.host(shows(tops))
    await checks.run([host])
    const [profile] = (await checks.rowOf(host.nodeId)).profiles
    const to = { benchmarkId: 'bench-1', requests: 30, tokensPerSecondP50: 60 }
    const at = { nodeId: host.nodeId, profileId: profile?.profileId ?? '' }
    await bench.fleet.changeLiveSpeed(at, { from: undefined, to })
    expect(await checks.run([host])).toEqual({ ...nothing, passed: 3 })
    expect(await checks.run([host])).toEqual(nothing)
  })
})

describe('nothing is asked', () => {
  test('unpaid: not without an account, a key, or money', async () => {
    const host = await checks.host(shows(tops))
    const unpaid = { ...nothing, withoutFunds: 1 }
    const without = { ...checks.store, readPlatformAccount: async () => undefined }
    expect(await checks.run([host], { store: without })).toEqual(unpaid)
    const payer = await checks.platform('0')
    expect(await checks.run([host])).toEqual(unpaid)
    await bench.keys.revokeKey(payer.key)
    expect(await checks.run([host])).toEqual(unpaid)
    expect(host.dispatches).toEqual([])
  })

  test('without a reference for the build, the runtime and its version', async () => {
    await checks.platform()
    const queues = {
      'vllm-0': {
        health: 'ok',
        reachable: true,
        kind: 'vllm',
        version: '0.99.0',
        used: 0,
        capacity: 8,
      },
    } as const
    const newer = { beat: { queues }, benchmark: { runtimeVersion: '0.99.0' } }
    const host = await checks.host(shows(tops), newer)
    expect(await checks.run([host])).toEqual({ ...nothing, withoutReference: 1 })
    await checks.store.putReference(aReference({ runtime_version: anyVersion }))
    expect(await checks.run([host])).toEqual({ ...nothing, passed: 1 })
  })

  test('of a host whose gates are closed', async () => {
    await checks.platform()
    const host = await checks.host(shows(moved(1)), { probe: 'bad' })
    expect(await checks.run([host])).toEqual(nothing)
    expect(host.dispatches).toEqual([])
  })

  test('of what answers no text', async () => {
    await checks.platform()
    const host = await checks.host(shows(tops))
    const model = { ...modelOnSale('maker/model', { modality: 'embedding' }), version: 1 }
    const catalogue = { listModels: async () => [model] }
    expect(await checks.run([host], { catalogue })).toEqual(nothing)
    expect(host.dispatches).toEqual([])
    expect(await checks.run([host])).toEqual({ ...nothing, passed: 1 })
  })

  test('while another run is under way', async () => {
    const atMs = Date.now()
    await checks.store.takeRun({ holder: 'other', nowMs: atMs, untilMs: atMs + 60_000 })
    const host = await checks.host(shows(tops))
    expect(await checks.run([host])).toEqual({ ...nothing, hasRun: false })
    await checks.store.endRun({ holder: 'other', place: undefined })
  })
})

test('a key at its cap pays for nothing more, and the account’s others do', async () => {
  await checks.catalogue.putModel(modelInTwoBuilds)
  const { profileId: profile_id, artifactDigest } = otherBuild
  await checks.store.putReference(
    aReference({ profile_id, artifact_digest: artifactDigest, runtime_version: anyVersion }),
  )
  const payer = await checks.platform()
  const capped = await bench.keyOf(payer, { spendPerDay: 1n })
  // The die draws the first of those that are left.
  const keys = { listKeys: async () => [capped.key, payer.key] }
  const host = await checks.host(shows(tops))
  await installBoth(bench.fleet, host.nodeId)
  const at = { nodeId: host.nodeId, ...otherBuild }
  await bench.fleet.writeBenchmark(
    at,
    aBenchmark({ artifactDigest, expiresAtMs: Date.now() + 60_000 }),
  )
  expect(await checks.run([host], { keys })).toEqual({ ...nothing, withoutFunds: 1, passed: 1 })
})

describe('a run that has no more time', () => {
  test('asks no more of the checks that are due', async () => {
    await checks.platform()
    const host = await checks.host(shows(tops))
    const at = { nodeId: host.nodeId, profileId: 'maker/model@q8' }
    const to = { benchmarkId: 'bench-1', requests: 30, tokensPerSecondP50: 60 }
    await bench.fleet.changeLiveSpeed(at, { from: undefined, to })
    let lateMs = 0
    const ask = makeAskOneHost(bench.deps)
    const report = await checks.run([host], {
      nowMs: () => Date.now() + lateMs,
      ask: async (question) => {
        lateMs = 200_000
        return ask(question)
      },
    })
    expect(report).toEqual({ ...nothing, passed: 1 })
  })

  test('stops, and the next goes on after its last node', async () => {
    await checks.platform()
    const hosts = [await checks.host(shows(tops)), await checks.host(shows(tops))] as const
    const startedAtMs = Date.now()
    let reads = 0
    // The clock jumps once the keys were chosen and the first node was handed out.
    const nowMs = () => startedAtMs + (reads++ > 2 ? 200_000 : 0)
    await checks.run(hosts, { nowMs, ask: async () => ({ kind: 'answered', logprobs: undefined }) })
    const place = await checks.store.takeRun({ holder: 'looks', nowMs: Date.now(), untilMs: 1 })
    expect(place).toEqual({ place: hosts[0].nodeId })
    expect(await checks.run(hosts)).toMatchObject({ passed: 1 })
    expect(hosts.map(({ dispatches }) => dispatches.length)).toEqual([0, 1])
  })
})

test('a run that cannot be begun leaves the next one free, at the same place', async () => {
  await checks.platform()
  const hosts = [await checks.host(shows(tops)), await checks.host(shows(tops))] as const
  const atMs = Date.now()
  await checks.store.takeRun({ holder: 'before', nowMs: atMs, untilMs: atMs + 60_000 })
  await checks.store.endRun({ holder: 'before', place: hosts[0].nodeId })
  const listModels = async () => {
    throw new Error('the catalogue is away')
  }
  await expect(checks.run(hosts, { catalogue: { listModels } })).rejects.toThrow('is away')
  expect(await checks.run(hosts)).toEqual({ ...nothing, passed: 1 })
  expect(hosts.map(({ dispatches }) => dispatches.length)).toEqual([0, 1])
})
