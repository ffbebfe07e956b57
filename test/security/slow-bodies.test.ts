// Bodies that do not come, or come otherwise than announced: every endpoint that takes one stops waiting.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { gatewayEndpoints } from '../../src/gateway/api/endpoints.ts'
import { type Customer, type GatewayBench, startGatewayBench } from '../support/gateway-bench.ts'
import { callsOf } from './called-endpoints.ts'
import { type OpenGateway, openGateway } from './open-gateway.ts'
import { rawExchange } from './raw-http.ts'

let bench: GatewayBench
let gateway: OpenGateway
let customer: Customer
let url: string

beforeAll(async () => {
  bench = await startGatewayBench()
  gateway = await openGateway(bench)
  customer = await bench.customer()
  url = await bench.listen(gateway.app)
})
afterAll(() => bench.stop())

/** As long as a body may take. */
const bodyTimeoutMs = 20_000
const { timeout } = AbortSignal
beforeEach(() => {
  const short = (ms: number) => timeout.call(AbortSignal, ms === bodyTimeoutMs ? 300 : ms)
  vi.spyOn(AbortSignal, 'timeout').mockImplementation(short)
})
afterEach(() => vi.restoreAllMocks())

const takers = callsOf(gatewayEndpoints).filter(({ takes }) => takes.length > 0)

const headOf = (path: string, type: string, ...headers: readonly string[]) =>
  [
    `POST ${path} HTTP/1.1`,
    'host: api.example.com',
    `authorization: Bearer ${customer.token}`,
    `content-type: ${type === 'multipart/form-data' ? `${type}; boundary=x` : type}`,
    ...headers,
    '\r\n',
  ].join('\r\n')

function* dripping(head: string): Iterable<string> {
  yield head
  for (let sent = 0; sent < 1_000; sent += 1) yield ' '
}

const timedOut = { status: 408, body: expect.stringContaining('"code":"request_timeout"') }

describe('a body that comes a byte at a time, or stops', () => {
  test('is given up at every endpoint after the same time', async () => {
    const replies = takers.map(({ path, takes: [type = ''] }) =>
      rawExchange(url, dripping(headOf(path, type, 'content-length: 1000')), 25),
    )
    for (const reply of await Promise.all(replies)) expect(reply).toMatchObject(timedOut)
    expect(gateway.dispatches()).toBe(0)
  })

  test.each([
    ['in chunks without an end', ['transfer-encoding: chunked'], '2\r\n{"\r\n'],
    ['shorter than announced', ['content-length: 1000'], '{"model":'],
    ['announced and never sent', ['content-length: 10'], ''],
  ])('is given up when it is %s', async (_, headers, sent) => {
    const head = headOf('/v1/chat/completions', 'application/json', ...headers)
    expect(await rawExchange(url, [head + sent])).toMatchObject(timedOut)
    expect(gateway.dispatches()).toBe(0)
  })

  test('keeps nobody else waiting', async () => {
    const head = headOf('/v1/chat/completions', 'application/json', 'content-length: 1000')
    const slow = Array.from({ length: 50 }, () => rawExchange(url, [head]))
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
    const statuses = (await Promise.all(slow)).map(({ status }) => status)
    expect(new Set(statuses)).toEqual(new Set([408]))
  })
})

describe('a body of another length than announced', () => {
  const path = '/v1/chat/completions'
  const body = () =>
    JSON.stringify({
      model: gateway.modelFor(path),
      messages: [{ role: 'user', content: 'Hi' }],
    })

  test('that goes on is read no further, and the rest is no request', async () => {
    const head = headOf(path, 'application/json', 'content-length: 10')
    const reply = await rawExchange(url, [head + body()])
    expect(reply.status).toBe(400)
    expect(gateway.dispatches()).toBe(0)
  })

  test.each([
    ['two lengths', ['content-length: 10', 'content-length: 20']],
    ['a length beside chunks', ['content-length: 4', 'transfer-encoding: chunked']],
    ['an encoding that is none', ['transfer-encoding: xchunked']],
    ['a length below zero', ['content-length: -1']],
  ])('with %s is no HTTP', async (_, headers) => {
    const reply = await rawExchange(url, [headOf(path, 'application/json', ...headers) + body()])
    expect(reply.status).toBe(400)
    expect(gateway.dispatches()).toBe(0)
  })
})
