import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeDialer } from '../../src/adapters/hosts/dialer.ts'
import { ids, nowMs, sleep } from '../../src/adapters/system.ts'
import { makeTicketSigner } from '../../src/dispatch/ticket-signer.ts'
import { generatePrivateKey, makeSigner } from '../../src/protocol/ed25519.ts'
import {
  dueProfiles,
  type RunBenchmarksDeps,
  runBenchmarks,
} from '../../src/schedules/run-benchmarks.ts'
import { aBeat } from '../adapters/dynamodb/facts.ts'
import {
  type EnrolledFleet,
  type Enrolment,
  startEnrolledFleet,
} from '../support/enrolled-fleet.ts'
import { answers, busy, type Script, says, streams } from '../support/host-answers.ts'
import { modelOnSale } from '../support/model-on-sale.ts'
import { type ScriptedHost, startScriptedHost } from '../support/scripted-host.ts'

const model = { ...modelOnSale('maker/model'), version: 1 }
const dayMs = 24 * 60 * 60 * 1000
let bench: EnrolledFleet
const hosts: ScriptedHost[] = []

beforeAll(async () => {
  bench = await startEnrolledFleet()
  await bench.catalogue.putModel(modelOnSale('maker/model'))
})
afterAll(async () => {
  await Promise.all(hosts.map((host) => host.stop()))
  await bench.stop()
})

async function enrolled(script: Script, changes: Enrolment = {}) {
  const host = await startScriptedHost()
  host.always(script)
  hosts.push(host)
  const { nodeId, publicKey, url } = host
  const route = { kind: 'direct', url, epoch: 1 } as const
  await bench.enrol({
    benchmark: 'none',
    ...changes,
    node: { nodeId, publicKey, route, ...changes.node },
  })
  return host
}

/** One run over this host's node alone. */
async function run({ nodeId }: ScriptedHost, changes: Partial<RunBenchmarksDeps> = {}) {
  const stage = 'test'
  const root = makeSigner(generatePrivateKey())
  const report = await runBenchmarks({
    stage,
    dialer: makeDialer({ allowsLoopback: true }),
    ticketSigner: makeTicketSigner({ stage, root, ids, nowMs }),
    ids,
    nowMs,
    sleep,
    random: () => 0.5,
    catalogue: bench.catalogue,
    fleet: {
      async *rows() {
        const row = await bench.fleet.readRow(nodeId)
        if (row) yield row
      },
      writeBenchmark: bench.fleet.writeBenchmark,
    },
    ...changes,
  })
  return { report, benchmark: (await rowOf(nodeId)).profiles[0]?.benchmark }
}

async function rowOf(nodeId: string) {
  const row = await bench.fleet.readRow(nodeId)
  if (row === undefined) throw new Error('no such node')
  return row
}
const dueOf = async (nodeId: string, laterMs = 0) =>
  dueProfiles(await rowOf(nodeId), [model], nowMs() + laterMs).map(({ profileId }) => profileId)

describe('a profile is due', () => {
  test('when it lacks nothing but a benchmark', async () => {
    const { nodeId } = await enrolled(busy)
    expect(await dueOf(nodeId)).toEqual(['maker/model@q8'])
  })

  test.each([
    ['its node waits for approval', { node: { status: 'pending' } }],
    ['its route is unproven', { probe: 'none' }],
    ['its owner takes no paid work', { beat: { paidEnabled: false } }],
    ['it is remote', { profile: { remote: true } }],
  ] satisfies [string, Enrolment][])('not when %s as well', async (_, changes) => {
    const { nodeId } = await enrolled(busy, changes)
    expect(await dueOf(nodeId)).toEqual([])
  })

  test('two hours before its benchmark runs out', async () => {
    const benchmark = { expiresAtMs: nowMs() + 2 * 60 * 60 * 1000 + 30_000 }
    const { nodeId } = await enrolled(busy, { benchmark })
    expect(await dueOf(nodeId)).toEqual([])
    expect(await dueOf(nodeId, 31_000)).toEqual(['maker/model@q8'])
  })

  test.each([
    [
      'model file',
      {
        profile: { artifactDigest: `sha256:${'a'.repeat(64)}` },
        benchmark: { artifactDigest: `sha256:${'b'.repeat(64)}` },
      },
    ],
    ['runtime', { benchmark: { runtimeVersion: '0.1' } }],
  ] satisfies [string, Enrolment][])('after another %s', async (_, changes) => {
    const { nodeId } = await enrolled(busy, changes)
    expect(await dueOf(nodeId)).toEqual(['maker/model@q8'])
  })
})

describe('a run', () => {
  test('asks four times, as a customer would, with fresh prompts, and keeps what it saw', async () => {
    const host = await enrolled(streams(['word '.repeat(8)]))
    const startedAtMs = nowMs()
    const { report, benchmark } = await run(host)
    expect(report).toEqual({ run: 1, passed: 1 })
    expect(host.dispatches).toHaveLength(4)
    const prompts = new Set(host.dispatches.map(({ body }) => JSON.stringify(body.messages)))
    expect(prompts.size).toBe(4)
    expect(host.lastDispatch().body).toEqual({
      model: 'maker/model',
      messages: [{ role: 'user', content: expect.stringMatching(/^\S{22}( \S{4}){24}$/) }],
      temperature: 0,
      max_tokens: 32,
      stream: true,
      stream_options: { include_usage: true },
    })
    expect(host.lastDispatch().ticket).toMatchObject({ max_tokens: 32, n: 1, price_version: 1 })
    expect(benchmark).toMatchObject({ samples: 3, runtimeVersion: '0.11.2' })
    expect(benchmark?.benchmarkId).toMatch(/^[0-9a-f]{64}$/)
    expect(benchmark?.atMs).toBeGreaterThanOrEqual(startedAtMs)
    expect(benchmark?.firstContentP50Ms).toBeGreaterThanOrEqual(0)
    // Ten tokens of 40 bytes took a few milliseconds at the most.
    expect(benchmark?.tokensPerSecondP50).toBeGreaterThan(10)
    expect(await dueOf(host.nodeId)).toEqual([])
  })

  test('does not count its first answer, and takes the middle of the others', async () => {
    const host = await enrolled(streams(['Hello']))
    const slowly: Script = async (turn) => {
      await sleep(400)
      await streams(['Hello'])(turn)
    }
    host.plays(slowly, slowly)
    expect((await run(host)).benchmark?.firstContentP50Ms).toBeLessThan(400)
  })

  test.each([
    ['T0', dayMs],
    ['T1', 7 * dayMs],
  ] as const)('is evidence of %s for %i ms', async (trustTier, lastsMs) => {
    const prices = modelOnSale('x').prices.flatMap((row) => [
      row,
      { ...row, trust_tier: 'T1' as const },
    ])
    await bench.catalogue.putModel(modelOnSale('maker/model', { prices }))
    const host = await enrolled(streams(['Hello']), { node: { trustTier } })
    const { benchmark } = await run(host)
    expect((benchmark?.expiresAtMs ?? 0) - (benchmark?.atMs ?? 0)).toBe(lastsMs)
  })

  test('is repeated when the runtime changes', async () => {
    const host = await enrolled(streams(['Hello']))
    const { benchmark: first } = await run(host)
    const { queues } = aBeat(host.nodeId)
    const queue = queues['vllm-0']
    const atMs = nowMs() + 1
    const newer = queue ? { 'vllm-0': { ...queue, version: '0.12.0' } } : {}
    await bench.fleet.recordBeat(aBeat(host.nodeId, { seq: atMs, beatAtMs: atMs, queues: newer }))
    const { report, benchmark: second } = await run(host)
    expect(report).toEqual({ run: 1, passed: 1 })
    expect(second?.runtimeVersion).toBe('0.12.0')
    expect(second?.benchmarkId).not.toBe(first?.benchmarkId)
    expect((await run(host)).report).toEqual({ run: 0, passed: 0 })
  })
})

describe('no evidence comes from a host that', () => {
  const stranger = makeSigner(generatePrivateKey())
  test.each([
    ['is busy', busy],
    ['gives no proof', streams(['Hello'], { proof: 'none' })],
    ['says nothing', streams([])],
    ['does not finish', answers({ frames: [says('Hello')] })],
    ['fails', answers({ frames: [says('Hello'), { error: { message: 'x' } }] })],
    ['is cut', streams(['Hello'], { end: 'cut' })],
    ['signs for nothing', streams(['Hello'], { claim: 'none' })],
    ['signs with another key', streams(['Hello'], { claimSigner: stranger })],
    ['signs for another ticket', streams(['Hello'], { claim: { ticket_hash: 'f'.repeat(64) } })],
  ])('%s', async (_, script) => {
    const host = await enrolled(script)
    const { report, benchmark } = await run(host)
    expect(report).toEqual({ run: 1, passed: 0 })
    expect(benchmark).toBeUndefined()
    expect(host.dispatches).toHaveLength(1)
  })
})

test('one failing sample of four is enough to give none', async () => {
  const host = await enrolled(streams(['Hello']))
  host.plays(streams(['Hello']), streams(['Hello']), streams(['Hello']), busy)
  expect(await run(host)).toEqual({ report: { run: 1, passed: 0 }, benchmark: undefined })
})
