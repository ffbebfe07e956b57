// Everything that moves money over HTTP, as the deployed surfaces are composed, each within the
// rights of its own function.
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Hono } from 'hono'
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as z from 'zod'
import { composeAdmin, composeBootstrap } from '../../../functions/compose/admin.ts'
import { completeDepsOf } from '../../../functions/compose/complete.ts'
import { composeGateway } from '../../../functions/compose/gateway.ts'
import { composeIngest } from '../../../functions/compose/ingest.ts'
import { composeBase } from '../../../functions/compose/parts.ts'
import { makeAdminApp } from '../../../src/admin/app.ts'
import { bootstrapTokenHeader, makeBootstrapApp } from '../../../src/admin/bootstrap.ts'
import { makeGatewayApp } from '../../../src/gateway/app.ts'
import type { SurfaceEnv } from '../../../src/http/surface.ts'
import { makeIngestApp } from '../../../src/ingest/app.ts'
import { makeSigner } from '../../../src/protocol/ed25519.ts'
import {
  type SignedEndpoint,
  signatureTag,
  signRequest,
} from '../../../src/protocol/http-signature.ts'
import { digest } from '../../adapters/dynamodb/facts.ts'
import { askChat, completionOf } from '../../support/chat-client.ts'
import { replyOf } from '../../support/control-plane.ts'
import { fleetOver } from '../../support/enrolled-fleet.ts'
import { type GatewayBench, startGatewayBench } from '../../support/gateway-bench.ts'
import { streams } from '../../support/host-answers.ts'
import { batchOf, lateClaim } from '../../support/late-claim.ts'
import { modelOnSale } from '../../support/model-on-sale.ts'
import { planeLedger } from '../../support/plane-ledger.ts'
import { stageEnvironment } from '../../support/stage-environment.ts'

const stage = 'local'

let bench: GatewayBench
let folder: string
let env: Record<string, string>
let admin: Hono<SurfaceEnv>
let owner: string
beforeAll(async () => {
  bench = await startGatewayBench()
  folder = await mkdtemp(join(tmpdir(), 'b3iq-money-'))
  env = await stageEnvironment(bench, { stage, folder })
  admin = makeAdminApp({ ...(await composeAdmin(env)), log: () => undefined })
  const bootstrap = makeBootstrapApp(await composeBootstrap(env))
  const headers = { [bootstrapTokenHeader]: bench.secrets.bootstrap_token }
  const minted = await replyOf(
    await bootstrap.request('/admin/bootstrap', { method: 'POST', headers }),
  )
  owner = z.string().parse(minted.body.key)
})
afterAll(async () => {
  await bench.stop()
  await rm(folder, { recursive: true })
})

async function operate(method: string, path: string, body?: object, key = owner) {
  const response = await admin.request(`/admin${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  const reply = await replyOf(response)
  return { ...reply, text: JSON.stringify([path, reply.status, reply.error.code]) }
}

/** Each of these must be answered; a right that is missing would be a 500. */
async function done(method: string, path: string, body?: object, key?: string) {
  const reply = await operate(method, path, body, key)
  if (reply.status !== 200) throw new Error(reply.text)
  return reply.body
}

test('operators credit, refund, adjust, pay out and make keys', async () => {
  const second = await done('POST', '/operator-keys', { name: 'Bo', role: 'operator' })
  await done('GET', '/operator-keys')
  const { id } = await done('POST', '/accounts', { name: 'Ada', owner_id: 'owner-9' })
  await done('POST', `/accounts/${id}/credits`, {
    amount_usd: '10',
    kind: 'top_up',
    reference: 'payment',
  })
  const adjustment = { amount_usd: '200', reason: 'goodwill', reference: 'TICKET' }
  await done('POST', `/accounts/${id}/adjustments`, adjustment)
  const bo = z.string().parse(second.key)
  await done('POST', '/adjustments/TICKET/approve', undefined, bo)
  await done('GET', '/adjustments/TICKET')
  await done('PATCH', `/accounts/${id}`, { status: 'suspended' })
  await done('PATCH', `/accounts/${id}`, { status: 'active' })

  const { model, host } = await bench.sale([streams(['Hello'])])
  const scopes = ['inference', 'billing:read']
  const { key } = await done('POST', '/keys', { account_id: id, name: 'ci', scopes })
  const customer = { token: z.string().parse(key) }
  const gateway = makeGatewayApp(await composeGateway(env))
  const named = { 'idempotency-key': 'order-1' }
  const answer = await askChat(gateway, customer, { model: model.id }, named)
  const { b3iq } = await completionOf(answer)
  const { receipt_hash, request_id } = b3iq
  const refund = { amount_usd: '0.000001', bearer: 'platform' }
  await done('POST', `/accounts/${id}/refunds`, { ...refund, receipt_hash, reference: 'refund-1' })
  await done('POST', `/accounts/${id}/refunds`, { ...refund, request_id, reference: 'refund-2' })
  const byHost = { ...refund, bearer: 'host', request_id, reference: 'refund-3' }
  expect((await operate('POST', `/accounts/${id}/refunds`, byHost)).error.code).toBe(
    'host_balance_too_low',
  )
  const usage = await gateway.request('/v1/billing/usage', {
    headers: { authorization: `Bearer ${customer.token}` },
  })
  expect((await replyOf(usage)).body.data).toHaveLength(5)
  expect((await done('GET', `/accounts/${id}/entries`)).data).toHaveLength(4)

  expect((await operate('GET', `/nodes/${host.nodeId}/earnings`)).status).toBe(404)
  await done('GET', `/payouts?node_id=${host.nodeId}`)
  const word = { state: 'paid', transfer_id: 'tr_1' }
  const confirmed = await operate('POST', `/payouts/${host.nodeId}/2026-11-20/confirm`, word)
  expect(confirmed.error.code).toBe('payout_not_found')
  await done('DELETE', `/operator-keys/${second.id}`)
})

test('hosts claim late and see their earnings; who claims too much is suspended', async () => {
  const ingest = makeIngestApp({ ...(await composeIngest(env)), log: () => undefined })
  const { enrol, catalogue } = fleetOver(bench)
  const { nodeId, publicKey, node: signer } = await bench.newHost()
  const model = modelOnSale('maker/late')
  await catalogue.putModel(model)
  const profile = { model: model.id, profileId: `${model.id}@q8` }
  await enrol({ node: { nodeId, publicKey }, profile })

  const send = async (method: 'GET' | 'POST', endpoint: SignedEndpoint, document?: object) => {
    const url = `http://ingest.example.com/ingest/v1/${endpoint}`
    const body = Buffer.from(document ? JSON.stringify(document) : '')
    const tag = signatureTag(stage, endpoint)
    const by = { signer, keyId: nodeId, tag, nonce: randomUUID(), nowMs: Date.now() }
    const headers = await signRequest({ method, url, body }, by)
    return replyOf(await ingest.request(url, { method, headers, ...(document ? { body } : {}) }))
  }

  const plane = { ...bench, nowMs: () => Date.now(), isOwnTraffic: async () => false }
  const ledger = planeLedger(plane)
  const ticketRoot = makeSigner(bench.secrets.ticket_root_key.private_key)
  const claims = []
  for (let count = 0; count < 4; count += 1) {
    const { key } = await bench.customer()
    const holdId = await ledger.expired(key.accountId)
    const ticket = { profile_id: profile.profileId, artifact_digest: digest }
    const issuer = { nowMs: plane.nowMs, ticketRoot, stage }
    claims.push(lateClaim(issuer, { host: { nodeId, signer }, holdId, ticket }))
  }
  const { body } = await send('POST', 'claims', batchOf(nodeId, claims.slice(0, 3)))
  const Statuses = z.array(z.object({ status: z.string() }))
  expect(Statuses.parse(body.claims).map(({ status }) => status)).toEqual([
    'escrowed',
    'escrowed',
    'escrowed',
  ])
  expect((await send('GET', 'earnings')).body.escrowed_claims).toEqual(body.claims)
  const tooMany = await send('POST', 'claims', batchOf(nodeId, claims.slice(3)))
  expect(tooMany.body.claims).toMatchObject([{ status: 'refused', reason: 'under_review' }])
  expect((await send('GET', 'earnings')).error.code).toBe('node_revoked')
})

test.each(['gateway', 'run-benchmarks', 'run-spot-checks'] as const)(
  '%s may read a key again that was changed while it paid',
  async (principal) => {
    const { key } = await bench.customer()
    const { readKey } = completeDepsOf(await composeBase(env, principal))
    expect(await readKey?.(key.keyId)).toMatchObject({ keyId: key.keyId })
  },
)
