// A quote is an offer that binds: its prices hold for five minutes, once, for the request that was quoted.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { readShardFrom } from '../../src/gateway/read-shard.ts'
import { parseUsd } from '../../src/money/nano-usd.ts'
import { askChat, completionOf, errorOf, messages } from '../support/chat-client.ts'
import { type Customer, type GatewayBench, startGatewayBench } from '../support/gateway-bench.ts'
import { refuses, streams } from '../support/host-answers.ts'
import { writePool } from '../support/write-pool.ts'
import { price } from './planning.ts'

let bench: GatewayBench
beforeAll(async () => {
  bench = await startGatewayBench()
})
afterAll(() => bench.stop())

const Quoted = z.looseObject({
  id: z.string(),
  hold_usd: z.string(),
  expires_at: z.iso.datetime(),
  bounds: z.looseObject({ completion_tokens: z.int(), choices: z.int() }),
  estimate: z.looseObject({ customer_charge_usd: z.string(), saved_usd: z.string() }),
  route_options: z.array(z.looseObject({ route_tier: z.string(), hold_usd: z.string() })),
})

async function askQuote(
  { token }: Customer,
  body: object,
  {
    endpoint,
    app = bench.appOf(),
  }: { endpoint?: string; app?: ReturnType<typeof bench.appOf> } = {},
) {
  const query = endpoint === undefined ? '' : `?endpoint=${encodeURIComponent(endpoint)}`
  return app.request(`/v1/account/quote${query}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ messages, ...body }),
  })
}
const quoteFor = async (customer: Customer, body: object) =>
  Quoted.parse(await (await askQuote(customer, body)).json())

const askUnder = (
  id: string,
  customer: Customer,
  body: object,
  {
    headers = {},
    app = bench.appOf(),
  }: { headers?: object; app?: ReturnType<typeof bench.appOf> } = {},
) => askChat(app, customer, body, { 'x-b3iq-quote-id': id, ...headers })

/** The operator asks more from now on, and every pool says so. */
async function raisePrices({ model, candidates }: Awaited<ReturnType<typeof bench.sale>>) {
  const prices = model.prices.map((row) => ({
    ...row,
    prompt_usd_per_mtok: '900',
    completion_usd_per_mtok: '900',
  }))
  await writePool(bench.pool, { ...model, prices, version: 8 }, candidates)
}

describe('a quote', () => {
  test('tells the hold and the charge, and takes nothing', async () => {
    const { model, host } = await bench.sale([streams(['Hello'])])
    const customer = await bench.customer()
    const quote = await quoteFor(customer, { model: model.id, max_tokens: 100, n: 2 })
    expect(quote).toMatchObject({
      object: 'quote',
      model: model.id,
      endpoint: '/v1/chat/completions',
      price_version: 7,
      bounds: { completion_tokens: 100, choices: 2 },
    })
    expect(quote.route_options).toHaveLength(model.prices.length)
    const [hold, charge] = [quote.hold_usd, quote.estimate.customer_charge_usd].map(parseUsd)
    expect(charge !== undefined && hold !== undefined && 0n < charge && charge <= hold).toBe(true)
    expect(await bench.wallet(customer)).toMatchObject({ held: 0n, spent: 0n })
    expect(host.dispatches.length).toBe(0)
  })

  test('is held for as much as it says', async () => {
    const { model } = await bench.sale([streams(['Hello'])])
    const customer = await bench.customer()
    const body = { model: model.id, max_tokens: 100 }
    const quote = await quoteFor(customer, body)
    await askUnder(quote.id, customer, body)
    const { private: hidden } = await bench.onlyReceipt(customer)
    expect(hidden.hold_usd).toBe(quote.hold_usd)
  })

  test('says what covers it in the dearest of its tiers, whichever hosts are drawn', async () => {
    const prices = [price('network_beta', '1'), price('portable_local', '10')]
    // One dear host among more than are drawn at a time.
    const hosts = Array.from({ length: 6 }, () => streams(['Hello']))
    const sale = await bench.sale(hosts, {
      model: { prices },
      firstHost: { routeTier: 'portable_local' },
    })
    const body = { model: sale.model.id, max_tokens: 1000 }
    const draws = [0, 0.5, 0.999]
    const held = await Promise.all(
      draws.map(async (die) => {
        const customer = await bench.customer()
        const first = { app: bench.appOf({ random: () => die }) }
        const other = { app: bench.appOf({ random: () => 1 - die - 1e-9 }) }
        const quote = Quoted.parse(await (await askQuote(customer, body, first)).json())
        const only = { ...body, provider: { route_tier: ['network_beta'] } }
        await askUnder(quote.id, customer, die === 0 ? only : body, other)
        const { private: hidden } = await bench.onlyReceipt(customer)
        return { quoted: quote.hold_usd, held: parseUsd(hidden.hold_usd) ?? 0n }
      }),
    )
    const quoted = new Set(held.map((one) => one.quoted))
    expect(quoted.size).toBe(1)
    const [most = 0n] = [...quoted].map((usd) => parseUsd(usd) ?? 0n)
    expect(most).toBeGreaterThan(10_000_000n)
    for (const one of held) expect(one.held).toBeLessThanOrEqual(most)
    expect(held[0]?.held).toBeLessThan(2_000_000n)
  })

  test('locks its prices while the operator raises them', async () => {
    const sale = await bench.sale([streams(['Hello']), streams(['Hello'])])
    const [quoted, unquoted] = [await bench.customer(), await bench.customer()]
    const body = { model: sale.model.id, max_tokens: 100 }
    const quote = await quoteFor(quoted, body)
    await raisePrices(sale)
    const fresh = { shards: readAnew() }
    const under = await completionOf(
      await askUnder(quote.id, quoted, body, { app: bench.appOf(fresh) }),
    )
    const without = await completionOf(await askChat(bench.appOf(fresh), unquoted, body))
    const { body: receipt } = await bench.onlyReceipt(quoted)
    expect(receipt.served?.price).toMatchObject({
      version: 7,
      completion_usd_per_mtok: sale.model.prices[0]?.completion_usd_per_mtok,
    })
    const [cheap, dear] = [under, without].map(({ b3iq }) => parseUsd(b3iq.cost_usd) ?? 0n)
    expect(dear).toBeGreaterThan(100n * (cheap ?? 0n))
  })
})

/** Pools as they stand in the table at this moment. */
function readAnew() {
  const { pool, deps } = bench
  return readShardFrom(pool, { random: () => 0, freshMs: 0, nowMs: deps.nowMs })
}

describe('it is used once', () => {
  test('a second request under it names the first one, and costs nothing', async () => {
    const { model, host } = await bench.sale([streams(['Hello'])])
    const customer = await bench.customer()
    const body = { model: model.id, max_tokens: 50 }
    const { id } = await quoteFor(customer, body)
    const { b3iq } = await completionOf(await askUnder(id, customer, body))
    expect(await errorOf(await askUnder(id, customer, body))).toMatchObject({
      status: 409,
      code: 'idempotency_completed',
      receipt_hash: b3iq.receipt_hash,
    })
    expect(await errorOf(await askUnder(id, customer, { ...body, max_tokens: 49 }))).toMatchObject({
      status: 422,
      code: 'idempotency_key_reused',
    })
    expect(host.dispatches.length).toBe(1)
  })

  test('a request that ended without a charge leaves it to the next', async () => {
    const { model, host } = await bench.sale([refuses(500)])
    const customer = await bench.customer()
    const body = { model: model.id, max_tokens: 50 }
    const { id } = await quoteFor(customer, body)
    expect(await errorOf(await askUnder(id, customer, body))).toMatchObject({ status: 502 })
    host.plays(streams(['Hello']))
    expect((await askUnder(id, customer, body)).status).toBe(200)
  })

  test('beside an idempotency key it is refused, because it is one', async () => {
    const { model } = await bench.sale([streams(['Hello'])])
    const customer = await bench.customer()
    const body = { model: model.id, max_tokens: 50 }
    const { id } = await quoteFor(customer, body)
    const both = { headers: { 'idempotency-key': 'order-1' } }
    expect(await errorOf(await askUnder(id, customer, body, both))).toMatchObject({
      status: 400,
      code: 'invalid_value',
      param: 'Idempotency-Key',
    })
  })
})

describe('it is refused for', () => {
  const over = 'quote_mismatch'
  test.each([
    ['a longer prompt', { messages: [{ role: 'user', content: 'x'.repeat(200) }] }],
    ['a larger window', { max_tokens: 51 }],
    ['more choices', { n: 2 }],
  ])('%s', async (_, change) => {
    const { model } = await bench.sale([streams(['Hello'])])
    const customer = await bench.customer()
    const body = { model: model.id, max_tokens: 50 }
    const { id } = await quoteFor(customer, body)
    expect(await errorOf(await askUnder(id, customer, { ...body, ...change }))).toMatchObject({
      status: 400,
      code: over,
      param: 'X-B3IQ-Quote-ID',
    })
    expect(await bench.wallet(customer)).toMatchObject({ held: 0n, spent: 0n })
  })

  test('another model, another key, and whatever was changed in it', async () => {
    const [sale, other] = [
      await bench.sale([streams(['Hello'])]),
      await bench.sale([streams(['Hello'])]),
    ]
    const customer = await bench.customer()
    const sibling = await bench.keyOf(customer)
    const body = { model: sale.model.id, max_tokens: 50 }
    const { id } = await quoteFor(customer, body)
    const [terms = '', mac = ''] = id.split('.')
    const cheaper = Buffer.from(
      Buffer.from(terms, 'base64url')
        .toString()
        .replaceAll('_usd_per_mtok":"', '_usd_per_mtok":"0.0'),
    ).toString('base64url')
    const attempts = [
      askUnder(id, customer, { ...body, model: other.model.id }),
      askUnder(id, sibling, body),
      askUnder(`${cheaper}.${mac}`, customer, body),
      askUnder(`${terms}.`, customer, body),
      askUnder('', customer, body),
      askUnder('x'.repeat(9_000), customer, body),
    ]
    for (const reply of await Promise.all(attempts)) {
      expect(await errorOf(reply)).toMatchObject({ status: 400, code: over })
    }
  })

  test('an hour that is past', async () => {
    const { model } = await bench.sale([streams(['Hello'])])
    const customer = await bench.customer()
    const body = { model: model.id, max_tokens: 50 }
    const { id, expires_at } = await quoteFor(customer, body)
    const late = bench.appOf({ timeOfId: () => Date.parse(expires_at) })
    expect(await errorOf(await askUnder(id, customer, body, { app: late }))).toMatchObject({
      status: 400,
      code: 'quote_expired',
    })
  })

  test('an hour that is past, but for the request that it was used for', async () => {
    const { model, host } = await bench.sale([streams(['Hello'])])
    const customer = await bench.customer()
    const body = { model: model.id, max_tokens: 50 }
    const { id, expires_at } = await quoteFor(customer, body)
    const { b3iq } = await completionOf(await askUnder(id, customer, body))
    const app = bench.appOf({ timeOfId: () => Date.parse(expires_at) })
    expect(await errorOf(await askUnder(id, customer, body, { app }))).toMatchObject({
      status: 409,
      code: 'idempotency_completed',
      receipt_hash: b3iq.receipt_hash,
    })
    const other = { ...body, max_tokens: 49 }
    expect(await errorOf(await askUnder(id, customer, other, { app }))).toMatchObject({
      code: 'idempotency_key_reused',
    })
    // A day later nobody remembers it.
    const dayLater = bench.appOf({ timeOfId: () => Date.parse(expires_at) + 86_400_000 })
    expect(await errorOf(await askUnder(id, customer, body, { app: dayLater }))).toMatchObject({
      code: 'quote_expired',
    })
    expect(host.dispatches.length).toBe(1)
  })
})

describe('whoever asks for one', () => {
  test('needs the scope, and an endpoint that is sold', async () => {
    const { model } = await bench.sale([streams(['Hello'])])
    const reader = await bench.customer({ key: { scopes: ['billing:read'] } })
    const customer = await bench.customer()
    const body = { model: model.id }
    expect(await errorOf(await askQuote(reader, body))).toMatchObject({ code: 'missing_scope' })
    const wrong = await askQuote(customer, body, { endpoint: '/v1/poems' })
    expect(await errorOf(wrong)).toMatchObject({ status: 400, param: 'endpoint' })
  })

  test('gets the refusal that the request would get', async () => {
    const customer = await bench.customer()
    expect(await errorOf(await askQuote(customer, { model: 'maker/none' }))).toMatchObject({
      status: 404,
      code: 'model_not_found',
    })
  })
})
