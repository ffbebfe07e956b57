import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { askChat, chatPath, completionOf, errorOf } from '../support/chat-client.ts'
import { type GatewayBench, startGatewayBench } from '../support/gateway-bench.ts'
import { streams } from '../support/host-answers.ts'
import { modelOnSale } from '../support/model-on-sale.ts'

let bench: GatewayBench

beforeAll(async () => {
  bench = await startGatewayBench()
})
afterAll(() => bench.stop())

const get = async (path: string, token?: string) => {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  return bench.appOf().request(path, { headers })
}
const jsonOf = async (response: Response) =>
  z.record(z.string(), z.unknown()).parse(await response.json())

describe('the surface', () => {
  test('is healthy without a database', async () => {
    const response = await get('/healthz')
    expect(response.status).toBe(200)
    expect(await jsonOf(response)).toEqual({ status: 'ok' })
  })

  test('publishes the public halves of its keys, and nothing else of them', async () => {
    const published = await jsonOf(await get('/.well-known/b3iq/keys.json'))
    expect(published).toEqual(bench.publishedKeys)
    expect(JSON.stringify(published)).not.toContain('"d"')
  })

  test.each(['/', '/v1', '/events', '/v1/chat', '/v1/models/'])(
    'has nothing at %s',
    async (path) => {
      expect(await errorOf(await get(path))).toMatchObject({
        status: 404,
        code: 'not_found',
        shouldRetry: 'false',
      })
    },
  )

  test.each([
    ['GET', chatPath, 'POST'],
    ['POST', '/v1/models', 'GET, HEAD'],
    ['DELETE', '/v1/billing/usage', 'GET, HEAD'],
  ])('does not %s %s', async (method, path, allowed) => {
    const response = await bench.appOf().request(path, { method })
    expect(response.headers.get('allow')?.split(', ').sort().join(', ')).toBe(allowed)
    expect(await errorOf(response)).toMatchObject({ status: 405, code: 'method_not_allowed' })
  })
})

describe('a browser', () => {
  const origin = 'https://app.example.com'

  test('may send a key, JSON and an idempotency key from any origin', async () => {
    const response = await bench.appOf().request(chatPath, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type,idempotency-key',
      },
    })
    expect(response.status).toBe(204)
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    expect(response.headers.get('access-control-allow-methods')).toContain('POST')
    expect(response.headers.get('access-control-allow-headers')).toBe(
      'authorization,content-type,idempotency-key',
    )
    expect(response.headers.get('access-control-max-age')).toBe('600')
  })

  test('may read every header of the contract, on answers and on errors', async () => {
    const { model } = await bench.sale([streams(['Hello'])])
    const customer = await bench.customer()
    const answer = await askChat(bench.appOf(), customer, { model: model.id }, { origin })
    const refusal = await askChat(bench.appOf(), { token: '' }, { model: model.id }, { origin })
    expect(refusal.status).toBe(401)
    for (const { headers } of [answer, refusal]) {
      expect(headers.get('access-control-allow-origin')).toBe('*')
      const exposed = new Set(headers.get('access-control-expose-headers')?.split(','))
      const own = [...headers.keys()].filter((name) => /^(x-|openai-|retry-after)/.test(name))
      expect(own.filter((name) => !exposed.has(name))).toEqual([])
    }
    await completionOf(answer)
  })
})

describe('models', () => {
  beforeAll(async () => {
    const listed = (id: string) => ({
      model: { ...modelOnSale(id), version: 1 },
      eligibleHosts: 2,
      firstContentP50Ms: 180.4,
      tokensPerSecondP50: 61.6,
      quantizations: ['Q8_0'],
      variants: [],
    })
    const models = [listed('maker/large'), listed('other/small')]
    await bench.pool.writePublicCatalogue({ builtAtMs: Date.now(), models })
  })
  const idsOf = async (response: Response) =>
    z
      .object({ object: z.literal('list'), data: z.array(z.object({ id: z.string() })) })
      .parse(await response.json())
      .data.map(({ id }) => id)

  test('are listed to anyone', async () => {
    expect(await idsOf(await get('/v1/models'))).toEqual(['maker/large', 'other/small'])
  })

  test('are listed to a key as far as it may call them', async () => {
    const policy = { exposes_node_id: false, models_allowed: ['maker/*'] }
    const { token } = await bench.customer({ key: { policy } })
    expect(await idsOf(await get('/v1/models', token))).toEqual(['maker/large'])
    expect((await get('/v1/models/other/small', token)).status).toBe(404)
  })

  test.each(['/v1/models/maker/large', '/v1/models/maker%2Flarge'])('%s is one', async (path) => {
    expect(await jsonOf(await get(path))).toMatchObject({
      id: 'maker/large',
      object: 'model',
      context_length: 32_768,
      pricing: { prompt: '0.000001', completion: '0.000002', input_cache_read: '0.0000005' },
      quantization: 'Q8_0',
      eligible_hosts: 2,
      measured: { first_content_p50_ms: 180, tokens_per_second_p50: 62 },
      route_variants: [{ route_tier: 'network_beta', trust_tier: 'T0' }],
    })
  })

  test('that are not listed are not found', async () => {
    expect(await errorOf(await get('/v1/models/no/such'))).toMatchObject({
      status: 404,
      code: 'model_not_found',
    })
  })
})

describe('billing', () => {
  test('needs its scope', async () => {
    const { token } = await bench.customer({ key: { scopes: ['inference'] } })
    for (const path of ['/v1/billing/account', '/v1/billing/usage']) {
      expect(await errorOf(await get(path, token))).toMatchObject({
        status: 403,
        code: 'missing_scope',
        scope: 'billing:read',
      })
    }
  })

  test('shows the balance, the holds and the policy of the key', async () => {
    const { key, token } = await bench.customer({ key: { spendPerDay: 2_500_000_000n } })
    expect(await jsonOf(await get('/v1/billing/account', token))).toEqual({
      object: 'billing.account',
      account_id: key.accountId,
      status: 'active',
      currency: 'USD',
      available_usd: '10',
      held_usd: '0',
      spent_usd: '0',
      funded_usd: '10',
      open_holds: [],
      policy: {
        scopes: ['inference', 'billing:read'],
        exposes_node_id: false,
        spend_usd_per_day: '2.5',
        spend_usd_per_month: null,
        requests_per_minute: null,
        tokens_per_minute: null,
        concurrency: null,
      },
    })
  })

  test('lists a charge and the credit that paid for it, in three formats', async () => {
    const { model } = await bench.sale([streams(['Hello', ' world'])])
    const customer = await bench.customer()
    const { b3iq } = await completionOf(await askChat(bench.appOf(), customer, { model: model.id }))
    const page = await jsonOf(await get('/v1/billing/usage', customer.token))
    expect(page).toMatchObject({
      object: 'list',
      has_more: false,
      next_cursor: null,
      data: [
        {
          id: b3iq.request_id,
          type: 'charge',
          amount_usd: '-0.000015',
          model: model.id,
          key_id: customer.key.keyId,
          prompt_tokens: 9,
          completion_tokens: 3,
          status: 'completed',
          receipt_hash: b3iq.receipt_hash,
        },
        { type: 'top_up', amount_usd: '10' },
      ],
    })
    const csv = await get('/v1/billing/usage?format=csv', customer.token)
    expect(csv.headers.get('content-type')).toBe('text/csv; charset=utf-8')
    const [head, charge] = (await csv.text()).split('\r\n')
    expect(head).toMatch(/^id,at,type,amount_usd,/)
    expect(charge).toContain(`${b3iq.request_id},`)
    const lines = await get('/v1/billing/usage?format=ndjson&limit=1', customer.token)
    expect(lines.headers.get('content-type')).toBe('application/x-ndjson')
    expect(lines.headers.get('x-next-cursor')).toBe(b3iq.request_id)
    expect(await lines.text()).toBe(`${JSON.stringify(z.array(z.json()).parse(page.data)[0])}\n`)
    const none = await get('/v1/billing/usage?format=ndjson&limit=1&model=m/none', customer.token)
    expect(await none.text()).toBe('')
    expect(none.headers.get('x-next-cursor')).toBe(b3iq.request_id)
    const bad = await errorOf(await get('/v1/billing/usage?model=', customer.token))
    expect(bad).toMatchObject({ status: 400, code: 'invalid_value', param: 'model' })
  })

  test.each(['limit=0', 'limit=101', 'limit=ten', 'after=1', 'format=xml'])(
    'does not know %s',
    async (query) => {
      const { token } = await bench.customer()
      expect(await errorOf(await get(`/v1/billing/usage?${query}`, token))).toMatchObject({
        status: 400,
        code: 'invalid_value',
        param: query.split('=')[0],
      })
    },
  )
})

test.each(['0'.repeat(64), 'not-a-hash'])('no receipt is under %s', async (hash) => {
  expect(await errorOf(await get(`/v1/receipts/${hash}`))).toMatchObject({
    status: 404,
    code: 'receipt_not_found',
  })
})
