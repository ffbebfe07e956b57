import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { composeAdmin, composeBootstrap } from '../../../functions/compose/admin.ts'
import { composeGateway } from '../../../functions/compose/gateway.ts'
import { composeIngest } from '../../../functions/compose/ingest.ts'
import { composeSchedule } from '../../../functions/compose/schedules.ts'
import { makeGatewayApp } from '../../../src/gateway/app.ts'
import { envKey, type ScheduleName } from '../../../src/names.ts'
import { makeSigner } from '../../../src/protocol/ed25519.ts'
import { aReference } from '../../spot-checks/facts.ts'
import { askChat, completionOf } from '../../support/chat-client.ts'
import { fleetOver } from '../../support/enrolled-fleet.ts'
import { type GatewayBench, startGatewayBench } from '../../support/gateway-bench.ts'
import { streams } from '../../support/host-answers.ts'
import { modelOnSale } from '../../support/model-on-sale.ts'
import { stageEnvironment } from '../../support/stage-environment.ts'

let bench: GatewayBench
let folder: string
beforeAll(async () => {
  bench = await startGatewayBench()
  folder = await mkdtemp(join(tmpdir(), 'b3iq-compose-'))
})
afterAll(async () => {
  await bench.stop()
  await rm(folder, { recursive: true })
})

const environment = (stage: string) => stageEnvironment(bench, { stage, folder })

describe('the gateway', () => {
  test('serves a paid request within its own rights', async () => {
    const { model } = await bench.sale([streams(['Hello'])])
    const customer = await bench.customer()
    const deps = await composeGateway(await environment('local'))
    expect(deps).toMatchObject({ deadlineMs: 60_000, leaseMs: 90_000 })
    const { b3iq } = await completionOf(
      await askChat(makeGatewayApp(deps), customer, { model: model.id }),
    )
    const receipt = await bench.onlyReceipt(customer)
    expect(receipt.receipt_hash).toBe(b3iq.receipt_hash)
    expect(receipt.body).toMatchObject({ stage: 'local', key_id: bench.secrets.receipt_key.key_id })
    expect((await bench.wallet(customer)).held).toBe(0n)
  })

  test('dials no loopback in any other stage', async () => {
    const { model, host } = await bench.sale([streams(['Hello'])])
    const customer = await bench.customer()
    const app = makeGatewayApp(await composeGateway(await environment('prod')))
    expect((await askChat(app, customer, { model: model.id })).status).toBe(502)
    expect(host.dispatches).toEqual([])
  })
})

describe('the schedules', () => {
  test('take a host from its first beat to its first sale, each within its own rights', async () => {
    const env = await environment('local')
    const run = async (name: ScheduleName) => (await composeSchedule(env, name))()
    const { enrol, catalogue } = fleetOver(bench)
    const host = await bench.newHost()
    const { nodeId, publicKey, url } = host
    const route = { kind: 'direct', url, epoch: 1 } as const
    const profile = { model: 'maker/first', profileId: 'maker/first@q8' }
    await catalogue.putModel(modelOnSale('maker/first'))
    await enrol({ node: { nodeId, publicKey, route }, profile, probe: 'none', benchmark: 'none' })

    expect(await run('recompute-eligibility')).toMatchObject({ profiles: 1, eligible: 0 })
    expect(await run('probe-routes')).toEqual({ probed: 1, good: 1, left: 0 })
    expect(await run('run-benchmarks')).toMatchObject({ run: 1, passed: 1, unpaid: 1 })
    // The evidence opened the last gate, and no pass was needed for it to show.
    expect(await bench.pool.readShard('maker/first', 0)).toMatchObject([{ nodeId }])
    expect(await run('recompute-eligibility')).toMatchObject({ profiles: 1, eligible: 1 })
    expect(await run('expire-heartbeats')).toMatchObject({ fresh: 1, stale: 0 })

    const customer = await bench.customer()
    const gateway = makeGatewayApp(await composeGateway(env))
    await completionOf(await askChat(gateway, customer, { model: 'maker/first' }))
    expect(await run('expire-holds')).toMatchObject({ released: 0, failed: 0 })
  })

  test('measure a host at the platform’s cost, within their own rights', async () => {
    const { enrol, catalogue } = fleetOver(bench)
    const { nodeId, publicKey, url } = await bench.newHost()
    await catalogue.putModel(modelOnSale('maker/measured'))
    await enrol({
      node: { nodeId, publicKey, route: { kind: 'direct', url, epoch: 1 } },
      profile: { model: 'maker/measured', profileId: 'maker/measured@q8' },
      benchmark: 'none',
    })
    const payer = await bench.customer()
    const admin = await composeAdmin(await environment('local'))
    await admin.spotChecks.writePlatformAccount(payer.key.accountId)
    const runBenchmarks = await composeSchedule(await environment('local'), 'run-benchmarks')
    expect(await runBenchmarks()).toMatchObject({ run: 1, passed: 1, unpaid: 0 })
    const wallet = await bench.wallet(payer)
    expect(wallet.held).toBe(0n)
    expect(wallet.spent).toBeGreaterThan(0n)
  })

  test('check a host at the platform’s cost, within their own rights', async () => {
    const { enrol, catalogue } = fleetOver(bench)
    const { nodeId, publicKey, url } = await bench.newHost()
    await catalogue.putModel(modelOnSale('maker/checked'))
    await enrol({
      node: { nodeId, publicKey, route: { kind: 'direct', url, epoch: 1 } },
      profile: { model: 'maker/checked', profileId: 'maker/checked@q8' },
    })
    const payer = await bench.customer()
    const admin = await composeAdmin(await environment('local'))
    await admin.spotChecks.writePlatformAccount(payer.key.accountId)
    const reference = { profile_id: 'maker/checked@q8', runtime_version: '0.11.2' }
    await admin.spotChecks.putReference(aReference(reference))
    const runChecks = await composeSchedule(await environment('local'), 'run-spot-checks')
    expect(await runChecks()).toMatchObject({ hasRun: true, inconclusive: 1, withoutFunds: 0 })
    expect((await bench.onlyReceipt(payer)).body.result.status).toBe('completed')
  })
})

describe('the surfaces of hosts and operators', () => {
  test('know the root key that certifies tickets, and the routes of their stage', async () => {
    const root = makeSigner(bench.secrets.ticket_root_key.private_key)
    const local = await composeIngest(await environment('local'))
    const roots = local.publishedKeys.keys.filter(({ use }) => use === 'ticket_root')
    expect(roots.map(({ public_key }) => public_key)).toEqual([root.publicKey])
    expect(local.routeAllowed('http://127.0.0.1:9000')).toBe(true)
    const prod = await composeIngest(await environment('prod'))
    expect(prod.routeAllowed('http://127.0.0.1:9000')).toBe(false)
  })

  test('guard the first key by IAM, on a laptop by a token', async () => {
    const { guard } = await composeBootstrap(await environment('local'))
    expect(guard).toEqual({ kind: 'token', token: bench.secrets.bootstrap_token })
    expect((await composeBootstrap(await environment('prod'))).guard).toEqual({ kind: 'iam' })
  })

  test('judge a node anew when something of it changes, each within its own rights', async () => {
    const env = await environment('local')
    const { enrol, catalogue, fleet, pool } = fleetOver(bench)
    const model = 'maker/second'
    const profileId = `${model}@q8`
    await catalogue.putModel(modelOnSale(model))
    const { nodeId } = await enrol({ profile: { model, profileId } })
    await (await composeSchedule(env, 'recompute-eligibility'))()
    const inPool = async () => (await pool.readShard(model, 0))?.map((one) => one.nodeId)
    expect(await inPool()).toEqual([nodeId])
    const surfaces = [await composeAdmin(env), await composeIngest(env)]
    for (const { recompute } of surfaces) {
      for (const isDisabled of [true, false]) {
        await fleet.setProfileDisabled({ nodeId, profileId, isDisabled })
        await recompute(nodeId)
        expect(await inPool()).toEqual(isDisabled ? [] : [nodeId])
      }
    }
  })
})

test('secrets of another stage start nothing', async () => {
  const env = await environment('local')
  const wrong = composeGateway({ ...env, [envKey.stage]: 'prod' })
  await expect(wrong).rejects.toThrow('belong to stage "local", this is stage "prod"')
})
