import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeDatabase } from '../../src/adapters/dynamodb/client.ts'
import { makeHoldStore } from '../../src/adapters/dynamodb/hold-store.ts'
import { makeKeyStore } from '../../src/adapters/dynamodb/key-store.ts'
import { ids } from '../../src/adapters/system.ts'
import { makeKey } from '../../src/keys/api-key.ts'
import { formatUsd, parseUsd } from '../../src/money/nano-usd.ts'
import { limits } from '../../src/protocol/limits.ts'
import { askChat, chatPath, completionOf, errorOf, messages } from '../support/chat-client.ts'
import {
  type Customer,
  type GatewayBench,
  type Sale,
  startGatewayBench,
} from '../support/gateway-bench.ts'
import { makeLatch, streams } from '../support/host-answers.ts'

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

test('a second request in a minute is one too many for a key that has one', async () => {
  const limited = await bench.customer({ key: { requestsPerMinute: 1 } })
  const app = bench.appOf()
  await completionOf(await askChat(app, limited, { model: sale.model.id }))
  const response = await askChat(app, limited, { model: sale.model.id })
  expect(response.headers.get('retry-after')).toBe('60')
  expect(response.headers.get('x-b3iq-limit-kind')).toBe('rpm')
  expect(await errorOf(response)).toMatchObject({
    status: 429,
    code: 'rate_limit_exceeded',
    kind: 'rpm',
    retry_after_seconds: 60,
    shouldRetry: 'true',
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

describe('a balance that is short', () => {
  const body = () => ({ model: sale.model.id, max_tokens: 1_000 })

  test('tells what the hold takes, what is there, and how far that goes', async () => {
    const poor = await bench.customer({ balanceUsd: '0.001' })
    const response = await askChat(bench.appOf(), poor, body())
    const error = await errorOf(response)
    expect(error).toMatchObject({
      status: 402,
      code: 'insufficient_balance',
      type: 'insufficient_quota',
      available_usd: '0.001',
      shouldRetry: 'false',
    })
    const required = parseUsd(error.required_hold_usd ?? '') ?? 0n
    const affordable = error.affordable_max_tokens ?? 0
    expect(affordable).toBeGreaterThan(0)
    expect(affordable).toBeLessThan(1_000)
    // What is missing is what the other tokens of the window cost, to the token.
    const missing = required - 1_000_000n
    expect(missing).toBeLessThanOrEqual(BigInt(1_000 - affordable) * 2_000n)
    expect(missing).toBeGreaterThan(BigInt(1_000 - affordable - 1) * 2_000n)

    const within = await askChat(bench.appOf(), poor, { ...body(), max_tokens: affordable })
    expect(within.status).toBe(200)
    const again = await bench.customer({ balanceUsd: '0.001' })
    const beyond = await askChat(bench.appOf(), again, { ...body(), max_tokens: affordable + 1 })
    expect(beyond.status).toBe(402)
  })

  test('lowers the window when the client named none', async () => {
    const poor = await bench.customer({ balanceUsd: '0.001' })
    const other = await bench.sale([streams(['Hello'])])
    await completionOf(await askChat(bench.appOf(), poor, { model: other.model.id }))
    const { body, ticket } = other.host.lastDispatch()
    expect(body.max_tokens).toBeGreaterThanOrEqual(limits.minAffordableTokens)
    expect(body.max_tokens).toBeLessThan(limits.defaultMaxTokens)
    expect(ticket.max_tokens).toBe(body.max_tokens)
  })

  test('is refused when the window would be too small to be an answer', async () => {
    const poor = await bench.customer({ balanceUsd: '0.0002' })
    const response = await askChat(bench.appOf(), poor, { model: sale.model.id })
    const error = await errorOf(response)
    expect(error).toMatchObject({ status: 402, code: 'insufficient_balance' })
    expect(error.affordable_max_tokens).toBeLessThan(limits.minAffordableTokens)
  })

  test('but held by a running request is worth waiting for', async () => {
    const latch = makeLatch()
    const slow = await bench.sale([
      async (turn) => {
        await latch.opened
        await streams(['Hello'])(turn)
      },
    ])
    const poor = await bench.customer({ balanceUsd: '0.0022' })
    const asked = slow.host.nextDispatch()
    const running = askChat(bench.appOf(), poor, { model: slow.model.id, max_tokens: 1_000 })
    await asked
    // Neither a window of its own nor one that may shrink finds room beside the first.
    for (const window of [{ max_tokens: 1_000 }, {}]) {
      const response = await askChat(bench.appOf(), poor, { model: sale.model.id, ...window })
      expect(response.headers.get('x-b3iq-limit-kind')).toBe('inflight_budget')
      expect(response.headers.get('retry-after')).toBe('5')
      expect(await errorOf(response)).toMatchObject({
        status: 429,
        code: 'inflight_budget_exhausted',
        kind: 'inflight_budget',
        shouldRetry: 'true',
      })
    }
    latch.open()
    await completionOf(await running)
    expect(await bench.wallet(poor)).toMatchObject({ held: 0n })
  })
})

describe('a ledger that cannot be reached', () => {
  const unreachable = () => makeDatabase({ tables: bench.tables, endpoint: 'http://127.0.0.1:1' })

  test('refuses, and no host is asked', async () => {
    const other = await bench.sale([streams(['Hello'])])
    const app = bench.appOf({ store: makeHoldStore(unreachable()) })
    const response = await askChat(app, customer, { model: other.model.id })
    expect(response.headers.get('retry-after')).toBe('5')
    expect(await errorOf(response)).toMatchObject({
      status: 503,
      code: 'ledger_unavailable',
      shouldRetry: 'true',
    })
    expect(other.host.dispatches).toEqual([])
  })

  test('refuses in the same words when not even the key can be read', async () => {
    const keys = makeKeyStore(unreachable())
    const app = bench.appOf({ keys: keys.readByHash })
    const response = await askChat(app, customer, { model: sale.model.id })
    expect(await errorOf(response)).toMatchObject({ status: 503, code: 'ledger_unavailable' })
    expect(bench.logLines().at(-1)).toContain('store_unreachable')
  })

  test('after the answer leaves the hold to the sweeper and ends without [DONE]', async () => {
    const other = await bench.sale([streams(['Hello'])])
    const fresh = await bench.customer()
    const { reserve } = bench.deps.store
    const { decide, settle } = makeHoldStore(unreachable())
    const app = bench.appOf({ store: { reserve, decide, settle } })
    const response = await askChat(app, fresh, { model: other.model.id, stream: true })
    const text = await response.text()
    expect(text).toContain('"code":"ledger_unavailable"')
    expect(text).not.toContain('[DONE]')
    const { holds, held, spent } = await bench.wallet(fresh)
    expect(holds.size).toBe(1)
    expect({ isHeld: held > 0n, spent: formatUsd(spent) }).toEqual({ isHeld: true, spent: '0' })
  })
})
