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

    expect(await run('recompute-eligibility')).toEqual({ profiles: 1, eligible: 0 })
    expect(await run('probe-routes')).toEqual({ probed: 1, good: 1 })
    expect(await run('run-benchmarks')).toEqual({ run: 1, passed: 1 })
    expect(await run('recompute-eligibility')).toEqual({ profiles: 1, eligible: 1 })
    expect(await run('expire-heartbeats')).toMatchObject({ fresh: 1, stale: 0 })

    const customer = await bench.customer()
    const gateway = makeGatewayApp(await composeGateway(env))
    await completionOf(await askChat(gateway, customer, { model: 'maker/first' }))
    expect(await run('expire-holds')).toMatchObject({ released: 0, failed: 0 })
  })
})

describe('the surfaces of hosts and operators', () => {
  test('know the root key that certifies tickets, and the routes of their stage', async () => {
    const root = makeSigner(bench.secrets.ticket_root_key.private_key)
    const local = await composeIngest(await environment('local'))
    expect(local.ticketRootPublicKeys).toEqual([root.publicKey])
    expect(local.routeAllowed('http://127.0.0.1:9000')).toBe(true)
    const prod = await composeIngest(await environment('prod'))
    expect(prod.routeAllowed('http://127.0.0.1:9000')).toBe(false)
  })

  test('guard the first key by IAM, on a laptop by a token', async () => {
    const { guard } = await composeBootstrap(await environment('local'))
    expect(guard).toEqual({ kind: 'token', token: bench.secrets.bootstrap_token })
    expect((await composeBootstrap(await environment('prod'))).guard).toEqual({ kind: 'iam' })
  })

  test('judge the fleet anew when an operator changes something', async () => {
    const { recompute } = await composeAdmin(await environment('local'))
    const before = (await bench.pool.readPublicCatalogue())?.builtAtMs ?? 0
    await recompute()
    const after = (await bench.pool.readPublicCatalogue())?.builtAtMs ?? 0
    expect(after).toBeGreaterThanOrEqual(before)
    expect(after).toBeGreaterThan(Date.now() - 10_000)
  })
})

test('secrets of another stage start nothing', async () => {
  const env = await environment('local')
  const wrong = composeGateway({ ...env, [envKey.stage]: 'prod' })
  await expect(wrong).rejects.toThrow('belong to stage "local", this is stage "prod"')
})
