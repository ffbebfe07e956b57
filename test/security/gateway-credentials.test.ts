// Every endpoint of the customers' surface, with everything that is no right to call it.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { ids } from '../../src/adapters/system.ts'
import { gatewayEndpoints } from '../../src/gateway/api/endpoints.ts'
import { hashKey, makeKey } from '../../src/keys/api-key.ts'
import type { Scope } from '../../src/protocol/account.ts'
import { errorOf } from '../support/chat-client.ts'
import { type Customer, type GatewayBench, startGatewayBench } from '../support/gateway-bench.ts'
import { callsOf } from './called-endpoints.ts'
import { bearer, type OpenGateway, openGateway, saidBy } from './open-gateway.ts'
import { paidPaths } from './sample-bodies.ts'
import { differences, dumpOf } from './table-dump.ts'

let bench: GatewayBench
let gateway: OpenGateway
let customer: Customer
let wrong: readonly (readonly [string, Record<string, string>])[]

beforeAll(async () => {
  bench = await startGatewayBench()
  gateway = await openGateway(bench)
  customer = await bench.customer()
  wrong = await wrongCredentials()
})
afterAll(() => bench.stop())

const endpoints = callsOf(gatewayEndpoints)
type Called = (typeof endpoints)[number]
const open = ['none', 'optional']
const keyed = endpoints.filter(({ auth }) => !open.includes(auth))
const paid = endpoints.filter(({ path }) => paidPaths.includes(path))
const named = (calls: readonly Called[]) =>
  calls.map((call): [string, Called] => [call.route, call])

/** Keys that were good once, keys that never were, and a good key where none is looked for. */
async function wrongCredentials(): Promise<typeof wrong> {
  const { token } = customer
  const revoked = await bench.customer()
  await bench.keys.revokeKey(revoked.key)
  const expired = await bench.customer({ key: { expiresAtMs: Date.now() - 1 } })
  const replaced = await bench.customer()
  const next = hashKey(makeKey('sk-b3iq', bench.peppers, ids), 'sk-b3iq', bench.peppers) ?? ''
  await bench.keys.rotateKey(replaced.key, { keyHash: next, atMs: Date.now(), graceMs: 0 })
  const authorization = (value: string) => ({ authorization: value })
  return [
    ['another scheme', authorization('Basic dXNlcjpwYXNz')],
    ['a good key as a password', authorization(`Basic ${btoa(`user:${token}`)}`)],
    ['a scheme alone', authorization('Bearer')],
    ['an empty key', authorization('Bearer  ')],
    ['a good key without a scheme', authorization(token)],
    ['no key of ours', authorization('Bearer sk-123')],
    ['more than a good key', authorization(`Bearer ${token}x`)],
    ['less than a good key', authorization(`Bearer ${token.slice(0, -1)}`)],
    ['a good key in capitals', authorization(`Bearer ${token.toUpperCase()}`)],
    ['a good key twice', authorization(`Bearer ${token}, Bearer ${token}`)],
    ['a good key behind a tab', authorization(`Bearer \t${token}`)],
    ['a good key of another pepper', authorization(`Bearer ${token.replace('-p1-', '-p2-')}`)],
    ['a key that nobody made', bearer({ token: makeKey('sk-b3iq', bench.peppers, ids) })],
    ['a key of 10 KB', authorization(`Bearer ${'a'.repeat(10_000)}`)],
    ['a revoked key', bearer(revoked)],
    ['an expired key', bearer(expired)],
    ['a replaced secret', bearer(replaced)],
    ['an operator key', bearer({ token: makeKey('op-b3iq', bench.peppers, ids) })],
    ["a good key as an operator's", bearer({ token: token.replace('sk-', 'op-') })],
    ['a good key in other headers', { 'x-api-key': token, 'api-key': token, cookie: `k=${token}` }],
    ['the header of a proxy', { 'proxy-authorization': `Bearer ${token}` }],
  ]
}

describe('without a key that is good', () => {
  test('every endpoint has one answer, and does nothing', async () => {
    const before = await dumpOf(bench)
    for (const call of keyed) {
      const first = await saidBy(await gateway.call(call))
      expect([call.route, first.status]).toEqual([call.route, 401])
      expect(first.body).toContain('"code":"invalid_api_key"')
      for (const [what, headers] of wrong) {
        const reply = await saidBy(await gateway.call(call, headers))
        expect([call.route, what, reply]).toEqual([call.route, what, first])
      }
      const inQuery = { ...call, path: `${call.path}?api_key=${customer.token}` }
      expect(await saidBy(await gateway.call(inQuery))).toEqual(first)
    }
    expect(differences(before, await dumpOf(bench))).toEqual([])
    expect(gateway.dispatches()).toBe(0)
  })

  test('all endpoints answer alike', async () => {
    const replies = await Promise.all(
      keyed.map(async (call) => (await saidBy(await gateway.call(call))).body),
    )
    expect(new Set(replies).size).toBe(1)
  })

  const isOpen = ({ auth }: Called) => open.includes(auth)
  test.each(named(endpoints.filter(isOpen)))('%s answers as to anyone', async (_, call) => {
    const first = await saidBy(await gateway.call(call))
    for (const [what, headers] of call.auth === 'none' ? wrong.slice(0, 2) : wrong) {
      expect([what, await saidBy(await gateway.call(call, headers))]).toEqual([what, first])
    }
  })
})

test('a key that lacks the scope is refused, and nothing is done', async () => {
  const keyWith = async (scopes: readonly Scope[]) => bench.keyOf(customer, { scopes })
  const without = { inference: ['billing:read'], 'billing:read': ['inference', 'smoke'] } as const
  const lacking = {
    inference: [await keyWith(without.inference), await keyWith([])],
    'billing:read': [await keyWith(without['billing:read']), await keyWith([])],
  }
  const before = await dumpOf(bench)
  for (const call of keyed.filter(({ auth }) => auth !== 'any_key')) {
    const scope = z.enum(['inference', 'billing:read']).parse(call.auth)
    for (const key of lacking[scope]) {
      const refusal = await errorOf(await gateway.call(call, bearer(key)))
      expect([call.route, refusal]).toEqual([
        call.route,
        expect.objectContaining({ status: 403, code: 'missing_scope', scope }),
      ])
    }
  }
  expect(differences(before, await dumpOf(bench))).toEqual([])
  expect(gateway.dispatches()).toBe(0)
})

describe('what was stopped while the gateway remembers the key', () => {
  const stopped = [
    [
      'a suspended account',
      async ({ key }: Customer) => {
        await bench.accounts.changeAccount(key.accountId, { status: 'suspended' })
      },
      { status: 403, code: 'account_suspended' },
    ],
    [
      'a revoked key',
      ({ key }: Customer) => bench.keys.revokeKey(key),
      { status: 401, code: 'invalid_api_key' },
    ],
  ] as const

  test.each(stopped)('%s pays for nothing any more', async (_, stop, refusal) => {
    const known = await bench.customer()
    await gateway.app.request('/v1/models', { headers: bearer(known) })
    await stop(known)
    const before = await dumpOf(bench)
    for (const call of paid) {
      const reply = await errorOf(await gateway.call(call, bearer(known)))
      expect([call.route, reply.status, reply.code]).toEqual([
        call.route,
        refusal.status,
        refusal.code,
      ])
    }
    expect(differences(before, await dumpOf(bench))).toEqual([])
    expect(gateway.dispatches()).toBe(0)
  })
})

test('the same requests with a good key are served, and leave a receipt each', async () => {
  const before = (await dumpOf(bench)).length
  for (const call of paid) {
    const response = await gateway.call(call, bearer(customer))
    expect([call.route, response.status]).toEqual([call.route, 200])
    await response.arrayBuffer()
  }
  expect(paid.map(({ path }) => path).toSorted()).toEqual(paidPaths.toSorted())
  expect(gateway.dispatches()).toBe(paid.length)
  expect((await dumpOf(bench)).length).toBeGreaterThanOrEqual(before + paid.length)
})
