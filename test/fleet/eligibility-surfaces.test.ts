// One judgement, told to the host, the operator, the customer and the auditor: the same object, byte
// for byte, and what the coarser surfaces say follows from it.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { composeAdmin } from '../../functions/compose/admin.ts'
import { composeIngest } from '../../functions/compose/ingest.ts'
import { ids } from '../../src/adapters/system.ts'
import { makeAdminApp } from '../../src/admin/app.ts'
import { type BlockerCode, blocker, excludedBy } from '../../src/fleet/blockers.ts'
import { gatesBitmap } from '../../src/fleet/gates.ts'
import { makeIngestApp } from '../../src/ingest/app.ts'
import { hashKey, makeKey, type OperatorKey } from '../../src/keys/api-key.ts'
import { HeartbeatReply } from '../../src/protocol/heartbeat.ts'
import { recomputeEligibility } from '../../src/schedules/recompute-eligibility.ts'
import { askChat, completionOf, errorOf } from '../support/chat-client.ts'
import { fleetOver } from '../support/enrolled-fleet.ts'
import { type GatewayBench, stage, startGatewayBench } from '../support/gateway-bench.ts'
import { streams } from '../support/host-answers.ts'
import { modelOnSale } from '../support/model-on-sale.ts'
import { stageEnvironment } from '../support/stage-environment.ts'
import { makeTestHost } from '../support/test-host.ts'

const model = 'maker/model'
const runtime = {
  id: 'vllm-0',
  kind: 'vllm',
  version: '0.11.2',
  reachable: true,
  loaded: [],
  queue: { source: 'runtime', running: 0, waiting: 0, capacity: 2, health: 'ok', reason: null },
}
const asBenchmarked = { runtimes: [runtime], facts_digest: 'f'.repeat(64) }

let bench: GatewayBench
let folder: string
let surfaces: Awaited<ReturnType<typeof openSurfaces>>
beforeAll(async () => {
  bench = await startGatewayBench()
  folder = await mkdtemp(join(tmpdir(), 'b3iq-surfaces-'))
  surfaces = await openSurfaces()
})
afterAll(async () => {
  await bench.stop()
  await rm(folder, { recursive: true })
})

/** Ingest, admin and the gateway over one database, and one node that all of them know. */
async function openSurfaces() {
  const env = await stageEnvironment(bench, { stage, folder })
  const serving = await bench.newHost(streams(['Hello']))
  const { nodeId, publicKey, url } = serving
  const route = { kind: 'direct', url, epoch: 1 } as const
  const { catalogue, enrol, fleet, pool } = fleetOver(bench)
  await catalogue.putModel(modelOnSale(model))
  await enrol({
    node: { nodeId, publicKey, route },
    profile: { model, profileId: `${model}@q8` },
  })
  const ingest = makeIngestApp(await composeIngest(env))
  const host = makeTestHost({ ingest, nowMs: Date.now }, serving.node)
  const { admin, key } = await openAdmin(env)
  const pass = () => recomputeEligibility({ fleet, catalogue, pool, nowMs: Date.now })
  await pass()
  const customer = await bench.customer()
  const read = async (path: string) => {
    const headers = { authorization: `Bearer ${key}` }
    return (await admin.request(`/admin${path}`, { headers })).text()
  }
  return {
    pass,
    beat: async (changes: object) => {
      const reply = HeartbeatReply.parse((await host.beat({ ...asBenchmarked, ...changes })).body)
      const [eligibility, ...others] = reply.eligibility
      if (!eligibility || others.length > 0) throw new Error('the node has one profile')
      return eligibility
    },
    deployments: () => read('/deployments'),
    node: () => read(`/nodes/${nodeId}`),
    switchDeployment: (to: 'disable' | 'enable') =>
      admin.request(`/admin/deployments/${to}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ node_id: nodeId, profile_id: `${model}@q8` }),
      }),
    ask: () => askChat(bench.appOf({ shards: freshShards() }), customer, { model }),
    receipt: () => bench.onlyReceipt(customer),
  }

  /** Nothing cached: each question meets the pool as it is. */
  function freshShards() {
    return async (id: string) => {
      const [head, candidates] = await Promise.all([pool.readHead(id), pool.readShard(id, 0)])
      return head && { ...head, candidates: candidates ?? [] }
    }
  }
}

async function openAdmin(env: Record<string, string>) {
  const deps = await composeAdmin(env)
  const key = makeKey('op-b3iq', deps.peppers, ids)
  const keyHash = hashKey(key, 'op-b3iq', deps.peppers)
  if (keyHash === undefined) throw new Error('a key has a hash')
  const owner: OperatorKey = {
    keyId: `key_${ids.ulid(Date.now())}`,
    keyHash,
    name: 'owner',
    role: 'owner',
    status: 'active',
  }
  const operators = {
    ...deps.operators,
    readOperator: async (hash: string) => (hash === keyHash ? owner : undefined),
  }
  return { key, admin: makeAdminApp({ ...deps, operators, log: () => undefined }) }
}

/** Both of the operator's surfaces hold the very bytes that the host was told. */
async function expectVerbatim(eligibility: HeartbeatReply['eligibility'][number]) {
  const bytes = JSON.stringify(eligibility)
  expect(await surfaces.node()).toContain(`"eligibility":[${bytes}]`)
  // There the object's fields stand among the deployment's own.
  expect(await surfaces.deployments()).toContain(`,${bytes.slice(1, -1)},`)
}

test('what is eligible is dispatched, and its receipt has its gates', async () => {
  const eligibility = await surfaces.beat({})
  expect(eligibility).toMatchObject({ eligible: true, blockers: [] })
  await expectVerbatim(eligibility)
  await completionOf(await surfaces.ask())
  const { body } = await surfaces.receipt()
  expect(body.served?.gates).toBe(gatesBitmap(eligibility.gates))
})

describe('what is blocked has one blocker, and the router refuses for its reason', () => {
  const queue = (health: string) => ({
    runtimes: [{ ...runtime, queue: { ...runtime.queue, health } }],
  })

  test.each<[BlockerCode, object]>([
    ['draining', { state: 'draining' }],
    ['user_active', { state: 'user_active' }],
    ['runtime_unreachable', { runtimes: [{ ...runtime, reachable: false }] }],
    ['queue_blocked', queue('blocked')],
    ['queue_unhealthy', queue('unhealthy')],
    ['benchmark_void', { facts_digest: '0'.repeat(64) }],
  ])('%s, as its beat tells', async (code, changes) => {
    const eligibility = await surfaces.beat(changes)
    expect(eligibility.blockers).toEqual([blocker(code)])
    await expectVerbatim(eligibility)
    // By the hot item while the pool still nominates it, and by the pool after the next pass.
    for (const look of [async () => undefined, surfaces.pass]) {
      await look()
      const refused = await errorOf(await surfaces.ask())
      expect(refused).toMatchObject({
        status: 503,
        code: 'no_eligible_host',
        availability: { excluded_by: [excludedBy(code)] },
      })
    }
    await surfaces.beat({})
    await surfaces.pass()
  })

  test('disabled_by_operator, as the operator said', async () => {
    await surfaces.switchDeployment('disable')
    const eligibility = await surfaces.beat({})
    expect(eligibility.blockers).toEqual([blocker('disabled_by_operator')])
    await expectVerbatim(eligibility)
    const refused = await errorOf(await surfaces.ask())
    expect(refused).toMatchObject({ code: 'no_eligible_host' })
    await surfaces.switchDeployment('enable')
    expect((await surfaces.beat({})).eligible).toBe(true)
    await completionOf(await surfaces.ask())
  })
})
