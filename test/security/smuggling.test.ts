// Ways to be taken for somebody else, or to reach what stands behind another path.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { gatewayEndpoints } from '../../src/gateway/api/endpoints.ts'
import { completionOf, errorOf, messages } from '../support/chat-client.ts'
import { type Customer, type GatewayBench, startGatewayBench } from '../support/gateway-bench.ts'
import { streams } from '../support/host-answers.ts'
import { callsOf } from './called-endpoints.ts'
import { bearer, type OpenGateway, openGateway } from './open-gateway.ts'
import { rawExchange } from './raw-http.ts'

let bench: GatewayBench
let gateway: OpenGateway
let mine: Customer
let victim: Customer
let url: string

beforeAll(async () => {
  bench = await startGatewayBench()
  gateway = await openGateway(bench)
  mine = await bench.customer()
  victim = await bench.customer()
  url = await bench.listen(gateway.app)
  gateway.market.text.host.always(streams(['Hello']))
})
afterAll(() => bench.stop())

const chatPath = '/v1/chat/completions'
const chatBody = (more: object = {}) =>
  JSON.stringify({ model: gateway.modelFor(chatPath), messages, ...more })

/** Over a socket, so that every header arrives as it is written. */
async function send(
  path: string,
  headers: readonly string[],
  { method = 'POST', body = '', token = mine.token } = {},
) {
  const head = [
    `${method} ${path} HTTP/1.1`,
    ...(headers.some((line) => /^host:/i.test(line)) ? [] : ['Host: api.example.com']),
    ...(token === '' ? [] : [`Authorization: Bearer ${token}`]),
    ...(body === '' ? [] : ['Content-Type: application/json']),
    ...(method === 'GET' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]),
    ...headers,
    '\r\n',
  ].join('\r\n')
  return rawExchange(url, [head + body])
}

const spentBy = async (customer: Customer) => (await bench.wallet(customer)).spent

describe('the name of another customer', () => {
  const refused = [
    ['as it is written', (id: string) => [`X-B3IQ-Customer: ${id}`]],
    ['in small letters', (id: string) => [`x-b3iq-customer: ${id}`]],
    ['in mixed letters', (id: string) => [`x-B3iQ-cUsToMeR: ${id}`]],
    ['twice', (id: string) => [`X-B3IQ-Customer: ${id}`, `X-B3IQ-Customer: ${id}`]],
    ['empty', () => ['X-B3IQ-Customer:']],
    ['empty and then not', (id: string) => ['X-B3IQ-Customer:', `x-b3iq-customer: ${id}`]],
    ['in a list', (id: string) => [`X-B3IQ-Customer: a, ${id}`]],
    ['behind spaces', (id: string) => [`X-B3IQ-Customer: \t ${id} `]],
  ] as const

  test.each(refused)(
    'in the header %s is refused at every endpoint with a key',
    async (_, named) => {
      const keyed = callsOf(gatewayEndpoints).filter(
        ({ auth }) => auth !== 'none' && auth !== 'optional',
      )
      for (const { path, method } of keyed) {
        const headers = named(victim.key.accountId)
        const body = method === 'GET' ? '' : chatBody()
        const { status, body: said } = await send(path, headers, { method, body })
        expect([path, status]).toEqual([path, 400])
        expect(said).toContain('"code":"customer_header_not_allowed"')
      }
      expect(await spentBy(victim)).toBe(0n)
    },
  )

  test.each([
    ['with underscores', 'X_B3IQ_Customer'],
    ['as a proxy names it', 'X-Forwarded-B3IQ-Customer'],
    ['as its own account', 'X-B3IQ-Account'],
    ['in a cookie', 'Cookie'],
  ])('%s is nobody’s name', async (_, header) => {
    const before = await spentBy(mine)
    const line = `${header}: ${header === 'Cookie' ? 'customer=' : ''}${victim.key.accountId}`
    expect((await send(chatPath, [line], { body: chatBody() })).status).toBe(200)
    expect(await spentBy(mine)).toBeGreaterThan(before)
    expect(await spentBy(victim)).toBe(0n)
  })

  test('in a body or a query is no name either, and reaches no host', async () => {
    const { accountId: account_id, keyId: key_id } = victim.key
    const named = { account_id, customer: account_id, key_id }
    const bodies = [
      named,
      { user: account_id },
      { metadata: named },
      { session_id: account_id },
      { provider: named },
      { b3iq: named, 'X-B3IQ-Customer': account_id },
    ]
    for (const body of bodies) {
      const before = await spentBy(mine)
      const path = `${chatPath}?account_id=${account_id}&x-b3iq-customer=${account_id}`
      const response = await gateway.app.request(path, {
        method: 'POST',
        headers: { ...bearer(mine), 'content-type': 'application/json' },
        body: chatBody(body),
      })
      await completionOf(response)
      expect(await spentBy(mine)).toBeGreaterThan(before)
    }
    expect(await spentBy(victim)).toBe(0n)
    const { dispatches } = gateway.market.text.host
    for (const { bytes, headers } of dispatches) {
      expect(bytes.toString() + JSON.stringify(headers)).not.toContain(account_id)
    }
  })
})

describe('headers that proxies and platforms set', () => {
  test.each([
    ['X-Forwarded-For: 127.0.0.1'],
    ['X-Forwarded-User: admin'],
    ['X-Forwarded-Host: admin.example.com'],
    ['X-Forwarded-Proto: http'],
    ['X-Original-URL: /v1/billing/account'],
    ['X-Rewrite-URL: /v1/billing/account'],
    ['X-Amzn-Trace-Id: Root=1-a-b'],
    ['X-Amzn-Request-Context: {"authorizer":{"iam":{"userId":"root"}}}'],
    ['X-Amzn-Lambda-Context: {}'],
    ['X-HTTP-Method-Override: DELETE'],
    ['X-HTTP-Method: GET'],
    ['X-Request-Id: 01ARZ3NDEKTSV4RRFFQ69G5FAV'],
    ['Host: admin.internal'],
  ])('%s changes nothing, and lets nobody in', async (header) => {
    const { status, head } = await send('/v1/key', [header], { method: 'GET', token: '' })
    expect(status).toBe(401)
    expect(head.toLowerCase()).not.toContain(`: ${header.split(': ')[1]?.toLowerCase()}\r`)
    const own = await send('/v1/key', [header], { method: 'GET' })
    expect([own.status, own.body.includes(mine.key.keyId)]).toEqual([200, true])
  })

  test('two keys are none', async () => {
    for (const token of [victim.token, mine.token, 'x']) {
      const second = [`Authorization: Bearer ${token}`]
      const { status, body } = await send('/v1/key', second, { method: 'GET' })
      expect(status).toBe(401)
      expect(body).toContain('"code":"invalid_api_key"')
    }
  })
})

describe('paths that mean another', () => {
  const closed = [401, 404, 405, 400]

  test.each([
    '//v1/key',
    '/v1//key',
    '/v1/key/',
    '/V1/KEY',
    '/v1/./key',
    '/v1/%6bey',
    '/v1%2fkey',
    '/v1/key%00',
    '/v1/key;a=b',
    '/v1/key#',
    '/v1/key%23',
    '/v1/models/../key',
    '/v1/models/%2e%2e/key',
    '/v1/models/%2E%2E/billing/account',
    '/v1/models/..%2fkey',
    '/v1/models/%252e%252e/key',
    '/v1/models/..%5ckey',
    '/v1/receipts/../billing/account',
    '/healthz/../v1/billing/usage',
    '/.well-known/b3iq/../../v1/key',
    'http://evil.example.com/v1/key',
    '/admin/accounts',
    '/ingest/v1/heartbeats',
    '/events',
    '/2015-03-31/functions/function/invocations',
    '/v1/openapi.json/../key',
  ])('%s shows nothing to anyone without a key', async (path) => {
    for (const method of ['GET', 'POST']) {
      const { status, body } = await send(path, [], { method, token: '' })
      expect([method, status, closed.includes(status)]).toEqual([method, status, true])
      expect(body).not.toContain('acct_')
    }
  })

  test('nothing is served at /events, whoever asks', async () => {
    for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
      const response = await gateway.app.request('/events', { method, headers: bearer(mine) })
      expect(await errorOf(response)).toMatchObject({ status: 404, code: 'not_found' })
    }
  })

  test('a key without the scope gets no further by them', async () => {
    const key = await bench.keyOf(mine, { scopes: ['inference'] })
    for (const path of ['/v1/models/%2e%2e/billing/account', '/v1/models/../billing/usage']) {
      const { status, body } = await send(path, [], { method: 'GET', token: key.token })
      expect([path, status]).toEqual([path, 403])
      expect(body).toContain('"code":"missing_scope"')
    }
  })
})
