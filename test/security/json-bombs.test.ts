// Bodies of JSON that are meant to hurt, at every endpoint that takes JSON and in each of its fields.
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { gatewayEndpoints } from '../../src/gateway/api/endpoints.ts'
import { limits } from '../../src/protocol/limits.ts'
import { errorOf } from '../support/chat-client.ts'
import { type Customer, type GatewayBench, startGatewayBench } from '../support/gateway-bench.ts'
import { cpuMsOf, largeBombs, smallBombs, withField } from './bombs.ts'
import { canary } from './guarded-errors.ts'
import { bearer, type OpenGateway, openGateway } from './open-gateway.ts'
import { sampleBody } from './sample-bodies.ts'

let bench: GatewayBench
let gateway: OpenGateway
let poor: Customer
let rich: Customer

beforeAll(async () => {
  bench = await startGatewayBench()
  gateway = await openGateway(bench)
  // Whatever gets through to the ledger ends there.
  poor = await bench.customer({ balanceUsd: '0' })
  rich = await bench.customer()
})
afterAll(() => bench.stop())

/** No request may keep all others of its process waiting for longer. */
const cpuMsMax = 1_000

const takers = Object.entries(gatewayEndpoints).flatMap(([route, { body }]) => {
  const schema = body?.['application/json']?.schema
  const [, path = ''] = route.split(' ')
  return schema ? [{ path, fields: fieldsOf(schema) }] : []
})
const paths = takers.map(({ path }) => path)

function fieldsOf(schema: z.ZodType): readonly string[] {
  if (schema instanceof z.ZodObject) return Object.keys(schema.shape)
  return schema instanceof z.ZodUnion ? ['model', 'input', 'messages'] : []
}

const sampleFor = (path: string): object => {
  const paidPath = path === '/v1/account/quote' ? '/v1/chat/completions' : path
  return sampleBody(paidPath, gateway.modelFor(paidPath))
}

const send = (
  path: string,
  body: string | Uint8Array<ArrayBuffer>,
  customer: Customer,
  headers: Readonly<Record<string, string>> = {},
) =>
  gateway.app.request(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...bearer(customer), ...headers },
    body,
  })

describe('a body that is JSON in an odd way', () => {
  test('means what its last key of a name says, to the host as well', async () => {
    const path = '/v1/chat/completions'
    const { host } = gateway.market.text
    const body = JSON.stringify(sampleFor(path))
    const doubled = `{"model":"maker/other","max_tokens":1,${body.slice(1, -1)},"max_tokens":9}`
    const response = await send(path, doubled, rich)
    expect(response.status).toBe(200)
    expect(host.dispatches.at(-1)?.body).toMatchObject({ max_tokens: 9 })
    expect(
      host.dispatches
        .at(-1)
        ?.bytes.toString()
        .match(/"max_tokens"/g),
    ).toHaveLength(1)
  })

  test('is served behind a byte order mark', async () => {
    const path = '/v1/chat/completions'
    const response = await send(path, `\ufeff${JSON.stringify(sampleFor(path))}`, rich)
    expect(response.status).toBe(200)
  })

  test('reaches no host with what it hides in fields that nobody knows', async () => {
    const path = '/v1/chat/completions'
    const { host } = gateway.market.text
    for (const [, json] of smallBombs) {
      const response = await send(path, withField(sampleFor(path), 'unheard_of', json), rich)
      // Half a character can be in no text that is stored or hashed.
      expect(response.status).toBe(json.includes('ud800') ? 400 : 200)
      await response.arrayBuffer()
    }
    expect(host.dispatches.every(({ body }) => !('unheard_of' in body))).toBe(true)
  })
})

/** Of those above, which are served. */
let dispatched = 0
const rememberDispatches = () => {
  dispatched = gateway.dispatches()
}

describe('whatever stands in a field', () => {
  beforeAll(rememberDispatches)

  const isHarmless = async (
    path: string,
    field: string,
    [what, json]: readonly [string, string],
  ) => {
    const body = withField(sampleFor(path), field, json)
    const [status, cpuMs] = await cpuMsOf(async () => {
      const response = await send(path, body, poor)
      await response.arrayBuffer()
      return response.status
    })
    expect([field, what, status, status < 500]).toEqual([field, what, status, true])
    expect([field, what, cpuMs]).toEqual([field, what, Math.min(cpuMs, cpuMsMax)])
  }

  test.each(takers)('of $path, it is refused or served, and soon', async ({ path, fields }) => {
    expect(fields.length).toBeGreaterThan(2)
    for (const field of [...fields, 'unheard_of']) {
      for (const bomb of smallBombs) await isHarmless(path, field, bomb)
    }
    expect(gateway.dispatches()).toBe(dispatched)
  })

  // One reader of all, so that each endpoint meets some of them.
  test('however large it is', async () => {
    for (const bomb of largeBombs.slice(3, 5)) {
      await isHarmless('/v1/chat/completions', 'metadata', bomb)
    }
    for (const [index, bomb] of largeBombs.entries()) {
      const field = index % 2 === 0 ? 'metadata' : 'unheard_of'
      await isHarmless(paths[index % paths.length] ?? '', field, bomb)
    }
    expect(gateway.dispatches()).toBe(dispatched)
  })

  test('pollutes no prototype', () => {
    expect(Reflect.get({}, 'polluted')).toBeUndefined()
    expect(Object.keys(Object.prototype)).toEqual([])
  })
})

describe('a body that is no JSON is told so', () => {
  const text = (value: string) => Buffer.from(value)
  const bodies: readonly (readonly [string, Buffer, object])[] = [
    ['nothing', text(''), { code: 'invalid_json' }],
    ['brackets that nobody closes', text('['.repeat(100_000)), { code: 'invalid_json' }],
    ['a byte order mark of UTF-16', Buffer.from('\ufeff{}', 'utf16le'), { code: 'invalid_json' }],
    ['bytes that are not UTF-8', Buffer.from([0x7b, 0x22, 0xc3, 0x28]), { code: 'invalid_json' }],
    ['a surrogate in UTF-8', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), { code: 'invalid_json' }],
    ['what only JavaScript reads', text(`{model: '${canary}'}`), { code: 'invalid_json' }],
    ['two documents', text('{} {}'), { code: 'invalid_json' }],
    ['a text', text(JSON.stringify(canary)), { code: 'invalid_value' }],
    ['null', text('null'), { code: 'invalid_value' }],
    [
      'more than there may be',
      text(' '.repeat(limits.requestBodyBytes + 1)),
      { status: 413, code: 'request_too_large' },
    ],
  ]

  test.each(bodies)('%s', async (_, body, refusal) => {
    rememberDispatches()
    for (const path of paths) {
      const [reply, cpuMs] = await cpuMsOf(async () =>
        errorOf(await send(path, Uint8Array.from(body), rich)),
      )
      expect(reply).toMatchObject({ status: 400, ...refusal })
      expect(cpuMs).toBeLessThan(cpuMsMax)
    }
    expect(gateway.dispatches()).toBe(dispatched)
  })

  test('and what is compressed is no JSON either', async () => {
    const bomb = gzipSync(Buffer.alloc(10_000_000, ' '))
    for (const path of paths) {
      const sent = send(path, Uint8Array.from(bomb), rich, { 'content-encoding': 'gzip' })
      expect(await errorOf(await sent)).toMatchObject({
        status: 415,
        code: 'unsupported_media_type',
        message: expect.stringContaining('compress'),
      })
    }
  })
})
