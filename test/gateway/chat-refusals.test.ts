import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ids } from '../../src/adapters/system.ts'
import { makeKey } from '../../src/keys/api-key.ts'
import { limits } from '../../src/protocol/limits.ts'
import { askChat, chatPath, completionOf, errorOf, messages } from '../support/chat-client.ts'
import {
  type Customer,
  type GatewayBench,
  type Sale,
  startGatewayBench,
} from '../support/gateway-bench.ts'
import { streams } from '../support/host-answers.ts'

let bench: GatewayBench
let sale: Sale
let customer: Customer

beforeAll(async () => {
  bench = await startGatewayBench()
  sale = await bench.sale([streams(['Hello'])])
  customer = await bench.customer()
})
afterAll(() => bench.stop())

const ask = (body: object | string, headers: Readonly<Record<string, string>> = {}) =>
  askChat(bench.appOf(), customer, body, headers)

describe('a key that is no good is told so in one body', () => {
  const denied = async (authorization: string | undefined) => {
    const response = await bench.appOf().request(chatPath, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(authorization === undefined ? {} : { authorization }),
      },
      body: JSON.stringify({ model: sale.model.id, messages }),
    })
    const { request_id: _, ...error } = await errorOf(response)
    return error
  }

  test('whether missing, malformed, unknown, of an operator or revoked', async () => {
    const revoked = await bench.customer()
    await bench.keys.revokeKey(revoked.key)
    const answers = await Promise.all(
      [
        undefined,
        'Basic dXNlcjpwYXNz',
        'Bearer ',
        'Bearer sk-b3iq-p1-short',
        `Bearer sk-b3iq-p9-${'A'.repeat(43)}`,
        `Bearer ${makeKey('sk-b3iq', bench.peppers, ids)}`,
        `Bearer ${makeKey('op-b3iq', bench.peppers, ids)}`,
        `Bearer ${revoked.token}`,
      ].map(denied),
    )
    const [first] = answers
    expect(first).toMatchObject({ status: 401, code: 'invalid_api_key', shouldRetry: 'false' })
    expect(answers).toEqual(answers.map(() => first))
  })

  test('a key revoked while its record is cached pays for nothing more', async () => {
    const fresh = await bench.customer()
    const app = bench.appOf()
    await completionOf(await askChat(app, fresh, { model: sale.model.id }))
    await bench.keys.revokeKey(fresh.key)
    expect(await errorOf(await askChat(app, fresh, { model: sale.model.id }))).toMatchObject({
      status: 401,
      code: 'invalid_api_key',
    })
  })
})

describe('a key that may not', () => {
  const refusalOf = async (key: Parameters<GatewayBench['customer']>[0], body: object = {}) =>
    errorOf(
      await askChat(bench.appOf(), await bench.customer(key), { model: sale.model.id, ...body }),
    )

  test('lacks the scope', async () => {
    expect(await refusalOf({ key: { scopes: ['billing:read'] } })).toMatchObject({
      status: 403,
      code: 'missing_scope',
      scope: 'inference',
      shouldRetry: 'false',
    })
  })

  test('is not allowed the model', async () => {
    const policy = { exposes_node_id: false, models_allowed: ['other/*'] }
    expect(await refusalOf({ key: { policy } })).toMatchObject({
      status: 403,
      code: 'model_not_allowed',
      param: 'model',
    })
  })

  test('is not allowed any tier that the model is sold in', async () => {
    const policy = { exposes_node_id: false, route_tiers: ['datacenter_optimized' as const] }
    expect(await refusalOf({ key: { policy } })).toMatchObject({
      status: 403,
      code: 'route_tier_not_allowed',
    })
  })

  test('asks for a price that nobody lists', async () => {
    const provider = { max_price: { prompt: 0.999999, completion: 100 } }
    expect(await refusalOf({}, { provider })).toMatchObject({
      status: 403,
      code: 'max_price_unmet',
    })
  })

  test('has spent its cap of the day', async () => {
    const key = { spendPerDay: 1n }
    expect(await refusalOf({ key })).toMatchObject({
      status: 403,
      code: 'spend_cap_exceeded',
      limit: 'spend_day',
    })
  })

  test('names a customer in a header', async () => {
    const response = await ask({ model: sale.model.id }, { 'x-b3iq-customer': 'acct_1' })
    expect(await errorOf(response)).toMatchObject({
      status: 400,
      code: 'customer_header_not_allowed',
      param: 'X-B3IQ-Customer',
    })
  })
})

describe('an account that may not', () => {
  test('is suspended', async () => {
    const suspended = await bench.customer()
    await bench.accounts.setStatus(suspended.key.accountId, 'suspended')
    const response = await askChat(bench.appOf(), suspended, { model: sale.model.id })
    expect(await errorOf(response)).toMatchObject({ status: 403, code: 'account_suspended' })
  })

  test('is not there', async () => {
    const keys = async () => ({ ...customer.key, accountId: `acct_${ids.ulid(0)}` })
    const response = await askChat(bench.appOf({ keys }), customer, { model: sale.model.id })
    expect(await errorOf(response)).toMatchObject({ status: 403, code: 'no_billing_identity' })
  })

  test('has as many requests open as there may be', async () => {
    const many = await bench.customer()
    const { accountId, ordinal } = many.key
    const expiresAtSec = Math.floor(Date.now() / 1000) + 600
    for (let count = 0; count < limits.openHolds; count += 1) {
      const hold = { amount: 1n, expiresAtSec, nonce: 'n', priceVersion: 1, counted: undefined }
      const holdId = ids.ulid(Date.now())
      const counters = { charges: [], dropCounters: [] }
      const reservation = { accountId, holdId, hold, keyOrdinal: ordinal, ...counters }
      expect(await bench.deps.store.reserve(reservation)).toEqual({ kind: 'held' })
    }
    const response = await askChat(bench.appOf(), many, { model: sale.model.id })
    expect(response.headers.get('x-b3iq-limit-kind')).toBe('open_holds')
    expect(response.headers.get('retry-after')).toBe('5')
    expect(await errorOf(response)).toMatchObject({
      status: 429,
      code: 'rate_limit_exceeded',
      kind: 'open_holds',
      shouldRetry: 'true',
    })
  })
})

describe('a request that is wrong', () => {
  test.each([
    ['no JSON', '{"model":', { status: 400, code: 'invalid_json', param: null }],
    [
      'without a model',
      { messages },
      { status: 400, code: 'missing_required_parameter', param: 'model' },
    ],
    [
      'without messages',
      JSON.stringify({ model: 'm' }),
      { status: 400, code: 'missing_required_parameter', param: 'messages' },
    ],
    [
      'with a temperature in words',
      { model: 'm', temperature: 'hot' },
      { status: 400, code: 'invalid_value', param: 'temperature' },
    ],
    [
      'with a message of no role',
      { model: 'm', messages: [{ content: 'x' }] },
      { status: 400, code: 'missing_required_parameter', param: 'messages.0.role' },
    ],
    [
      'with an image to fetch',
      {
        model: 'm',
        messages: [
          {
            role: 'user',
            content: [{ type: 'image_url', image_url: { url: 'http://10.0.0.1/' } }],
          },
        ],
      },
      { status: 400, code: 'invalid_value', param: 'messages.0.content.0.image_url.url' },
    ],
    [
      'for a model that is not on sale',
      { model: 'no/such' },
      { status: 404, code: 'model_not_found', param: 'model' },
    ],
  ])('%s', async (_, body, expected) => {
    expect(await errorOf(await ask(body))).toMatchObject({ ...expected, shouldRetry: 'false' })
  })

  test('of another media type', async () => {
    const response = await ask('{}', { 'content-type': 'text/plain' })
    expect(await errorOf(response)).toMatchObject({ status: 415, code: 'unsupported_media_type' })
  })

  test('that is too large', async () => {
    const content = 'x'.repeat(limits.requestBodyBytes)
    const response = await ask({ model: sale.model.id, messages: [{ role: 'user', content }] })
    expect(await errorOf(response)).toMatchObject({ status: 413, code: 'request_too_large' })
  })

  test('whose prompt cannot fit', async () => {
    const content = 'x'.repeat(32_768 * 5)
    const response = await ask({ model: sale.model.id, messages: [{ role: 'user', content }] })
    expect(await errorOf(response)).toMatchObject({
      status: 400,
      code: 'context_length_exceeded',
      param: 'messages',
    })
  })

  test('is charged for nothing', async () => {
    expect(await bench.wallet(customer)).toMatchObject({ held: 0n, spent: 0n })
  })
})
