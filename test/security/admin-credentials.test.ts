// Every route of the operators' surface, with every role below its least and with everybody else's keys.
import { randomUUID } from 'node:crypto'
import type { Hono } from 'hono'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ids } from '../../src/adapters/system.ts'
import { adminEndpoints } from '../../src/admin/api/endpoints.ts'
import { allows } from '../../src/admin/roles.ts'
import type { SurfaceEnv } from '../../src/http/surface.ts'
import { hashKey, makeKey } from '../../src/keys/api-key.ts'
import { OperatorRole } from '../../src/protocol/account.ts'
import { signatureTag, signRequest } from '../../src/protocol/http-signature.ts'
import { errorOf } from '../support/chat-client.ts'
import {
  type ControlPlane,
  catalogueModel,
  digestOf,
  stage,
  startControlPlane,
} from '../support/control-plane.ts'
import { approvedHost, type TestHost } from '../support/test-host.ts'
import { type CalledEndpoint, callsOf } from './called-endpoints.ts'
import { guardingErrors } from './guarded-errors.ts'
import { saidBy } from './open-gateway.ts'
import { differences, dumpOf } from './table-dump.ts'

let plane: ControlPlane
let app: Hono<SurfaceEnv>
let host: TestHost
let customerKey: string
/** Real ids, by the collection in whose paths they stand. */
const known = new Map<string, string>()

type Call = CalledEndpoint<unknown>
let calls: readonly Call[] = []

beforeAll(async () => {
  plane = await startControlPlane()
  const secrets = [...plane.peppers.byId.values()].map((pepper) => pepper.toString('base64url'))
  app = guardingErrors(plane.adminOf({}), { secrets, tables: plane.tables })
  host = await approvedHost(plane)
  const accountId = await plane.newAccount()
  await plane.operate('PUT', '/models', catalogueModel('maker/model', [digestOf('a')]))
  const key = await plane.operate('POST', '/keys', { account_id: accountId, name: 'Key' })
  const operator = await plane.operate('POST', '/operator-keys', { name: 'Eve', role: 'viewer' })
  customerKey = String(key.body.key)
  known.set('/admin/accounts', accountId).set('/admin/keys', String(key.body.id))
  known.set('/admin/operator-keys', String(operator.body.id)).set('/admin/nodes', host.nodeId)
  calls = callsOf(adminEndpoints, (name, path) =>
    name === 'id' ? known.get(path.split('/').slice(0, 3).join('/')) : undefined,
  )
})
afterAll(() => plane.stop())

/** Bodies that would change something; a route that is not named here is sent an empty one. */
const bodies = (): Readonly<Record<string, object>> => ({
  'POST /admin/accounts': { name: 'Mallory' },
  'PATCH /admin/accounts/:id': { status: 'suspended' },
  'POST /admin/accounts/:id/credits': { amount_usd: '5', kind: 'grant', reference: randomUUID() },
  'POST /admin/keys': { account_id: known.get('/admin/accounts'), name: 'Stolen' },
  'PATCH /admin/keys/:id': { name: 'Renamed' },
  'POST /admin/keys/:id/rotate': {},
  'POST /admin/operator-keys': { name: 'Mallory', role: 'owner' },
  'POST /admin/join-codes': { owner_id: 'mallory' },
  'POST /admin/nodes/:id/jobs': { type: 'drain', args: {}, reference: randomUUID() },
  'POST /admin/incidents': {
    scope: { kind: 'payout' },
    reason: 'none',
    expires_at: new Date(plane.nowMs() + 60_000).toISOString(),
  },
  'PUT /admin/models': catalogueModel('maker/cheap', [digestOf('b')]),
})

const call = async ({ route, method, path, takes }: Call, headers: Record<string, string>) => {
  const withBody = takes.length > 0 ? { body: JSON.stringify(bodies()[route] ?? {}) } : {}
  const all = { 'content-type': 'application/json', ...headers }
  return app.request(path, { method, headers: all, ...withBody })
}
const bearer = (key: string) => ({ authorization: `Bearer ${key}` })
const callOf = (route: string): Call => {
  const found = calls.find((one) => one.route === route)
  if (!found) throw new Error(`${route} is in no table`)
  return found
}

/** As hosts sign what they send to the other surface, down to its tag. */
async function nodeSignature({ method, path }: Call): Promise<Record<string, string>> {
  const request = { method, url: `http://localhost${path}`, body: Buffer.alloc(0) }
  const { nodeId: keyId, signer } = host
  const tag = signatureTag(stage, 'heartbeat')
  const by = { signer, keyId, tag, nonce: randomUUID(), nowMs: plane.nowMs() }
  return signRequest(request, by)
}

test('a role below the least is refused at every route, and changes nothing', async () => {
  const before = await dumpOf(plane)
  for (const asked of calls) {
    const least = OperatorRole.parse(asked.auth)
    for (const role of OperatorRole.options.filter((one) => !allows(one, least))) {
      const refusal = await errorOf(await call(asked, bearer(plane.operatorKey(role))))
      expect([asked.route, refusal]).toEqual([
        asked.route,
        expect.objectContaining({ status: 403, code: 'missing_role', role, least_role: least }),
      ])
    }
  }
  expect(differences(before, await dumpOf(plane))).toEqual([])
})

describe('no operator key', () => {
  const wrong = async (asked: Call): Promise<readonly (readonly [string, object])[]> => {
    const unknown = makeKey('op-b3iq', plane.peppers, ids)
    const owner = plane.operatorKey('owner')
    return [
      ['another scheme', { authorization: `Basic ${btoa(`owner:${owner}`)}` }],
      ['an empty key', bearer('')],
      ['a key that nobody made', bearer(unknown)],
      ['a revoked key', bearer(plane.operatorKey('owner', 'revoked'))],
      ['more than a good key', bearer(`${owner}x`)],
      ['a good key twice', bearer(`${owner}, ${owner}`)],
      ['the key of a customer', bearer(customerKey)],
      ["a customer's key as an operator's", bearer(customerKey.replace('sk-', 'op-'))],
      ["a good key as a customer's", bearer(owner.replace('op-', 'sk-'))],
      ['a good key in another header', { 'x-api-key': owner, cookie: `key=${owner}` }],
      ['the signature of a node', await nodeSignature(asked)],
    ]
  }

  test('has one answer at every route, and changes nothing', async () => {
    const before = await dumpOf(plane)
    for (const asked of calls) {
      const first = await saidBy(await call(asked, {}))
      expect([asked.route, first.status]).toEqual([asked.route, 401])
      expect(first.body).toContain('"code":"invalid_operator_key"')
      for (const [what, headers] of await wrong(asked)) {
        const reply = await saidBy(await call(asked, { ...headers }))
        expect([asked.route, what, reply]).toEqual([asked.route, what, first])
      }
    }
    expect(differences(before, await dumpOf(plane))).toEqual([])
  })

  test('and that answer is the same everywhere', async () => {
    const replies = await Promise.all(
      calls.map(async (one) => (await saidBy(await call(one, {}))).body),
    )
    expect(new Set(replies).size).toBe(1)
  })
})

test('what was sent in vain changes something when the least role sends it', async () => {
  for (const route of Object.keys(bodies())) {
    const asked = callOf(route)
    const before = await dumpOf(plane)
    const key = plane.operatorKey(OperatorRole.parse(asked.auth))
    expect([route, (await call(asked, bearer(key))).status]).toEqual([route, 200])
    expect([route, differences(before, await dumpOf(plane)).length > 0]).toEqual([route, true])
  }
})

test('a key that was revoked admits nobody from then on', async () => {
  const { body } = await plane.operate('POST', '/operator-keys', { name: 'Bob', role: 'owner' })
  const key = String(body.key)
  expect(hashKey(key, 'op-b3iq', plane.peppers)).toBeDefined()
  const list = callOf('GET /admin/accounts')
  expect((await call(list, bearer(key))).status).toBe(200)
  await plane.operate('DELETE', `/operator-keys/${String(body.id)}`)
  expect((await call(list, bearer(key))).status).toBe(401)
})
