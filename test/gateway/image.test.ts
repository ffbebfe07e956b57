// Images and moderations through the gateway: what is sold, what it costs, and what never reaches a customer.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { isVerified, verifyReceipt } from '../../src/receipts/verify-receipt.ts'
import { errorOf } from '../support/chat-client.ts'
import { documentAsksOf } from '../support/document-client.ts'
import {
  answersDocuments,
  imagesDocument,
  pngBase64,
  sendsDocument,
} from '../support/document-host.ts'
import { type GatewayBench, startGatewayBench } from '../support/gateway-bench.ts'

let bench: GatewayBench
beforeAll(async () => {
  bench = await startGatewayBench()
})
afterAll(() => bench.stop())

const Reply = z.looseObject({ b3iq: z.looseObject({ salt: z.string() }) })

const Quote = z.looseObject({ id: z.string() })

const {
  ask: draw,
  askInVain,
  newSale,
  send,
} = documentAsksOf(() => bench, '/v1/images/generations')
const { ask: moderate } = documentAsksOf(() => bench, '/v1/moderations')

describe('images', () => {
  test('come as base64, each at its price, with a receipt that proves it', async () => {
    const { sale, customer, response } = await draw({ prompt: 'a fish', n: 2, size: '512x512' })
    const reply = Reply.parse(await response.json())
    expect(reply).toMatchObject({
      created: expect.any(Number),
      data: [{ b64_json: pngBase64('512x512') }, { b64_json: pngBase64('512x512') }],
      b3iq: {
        cost_usd: '0.04',
        benchmark_cost_usd: '0.1',
        saved_usd: '0.06',
        usage: { units: 2, total_tokens: 0 },
      },
    })
    expect(sale.host.lastDispatch()).toMatchObject({
      body: { prompt: 'a fish', n: 2, size: '512x512', response_format: 'b64_json' },
      ticket: { n: 1, max_tokens: 1 },
    })
    const receipt = await bench.onlyReceipt(customer)
    expect(receipt.private.hold_usd).toBe('0.04')
    expect(receipt.body.served).toMatchObject({
      price: { unit_usd: '0.02' },
      usage: { claimed: { units: 2 }, billed: { units: 2 }, count_method: 'units' },
    })
    const view = { object: 'receipt', ...receipt, salt: reply.b3iq.salt } as const
    expect(isVerified(verifyReceipt(view, bench.publishedKeys))).toBe(true)
  })

  test('fewer than were asked for are billed as what they are', async () => {
    const { response } = await draw({ prompt: 'a fish', n: 3 })
    const fewer = await draw({ prompt: 'a fish', n: 3 }, [sendsDocument(imagesDocument(1))])
    expect(response.headers.get('x-b3iq-cost-usd')).toBe('0.06')
    expect(fewer.response.headers.get('x-b3iq-cost-usd')).toBe('0.02')
  })

  test('are billed as we count them, whatever the host claims', async () => {
    const usage = { prompt: 50, cached_prompt: 0, completion: 900, units: 8 }
    const { customer } = await draw({ prompt: 'a fish' }, [answersDocuments({ claim: { usage } })])
    const { body } = await bench.onlyReceipt(customer)
    expect(body.charge.charge_usd).toBe('0.02')
    expect(body.served?.usage).toMatchObject({
      claimed: { units: 8 },
      billed: { prompt: 0, completion: 0, units: 1 },
      inflated: true,
    })
  })

  test('of another size than was asked for are no answer: the next host is asked', async () => {
    const { response } = await draw({ prompt: 'a fish', size: '512x512' }, [
      sendsDocument(imagesDocument(1)),
      answersDocuments(),
    ])
    expect(await response.json()).toMatchObject({
      data: [{ b64_json: pngBase64('512x512') }],
      b3iq: { retries: 1, cost_usd: '0.02' },
    })
  })

  test('by address are no answer: the next host is asked', async () => {
    const { response } = await draw({ prompt: 'a fish' }, [
      sendsDocument({ data: [{ url: 'http://10.0.0.1/fish.png' }] }),
      answersDocuments(),
    ])
    expect(await response.json()).toMatchObject({ b3iq: { retries: 1, usage: { units: 1 } } })
  })

  test('can be quoted, and cost no more under the quote', async () => {
    const { sale, customer } = await newSale([answersDocuments()])
    const headers = {
      authorization: `Bearer ${customer.token}`,
      'content-type': 'application/json',
    }
    const body = JSON.stringify({ model: sale.model.id, prompt: 'a fish', n: 2 })
    const path = '/v1/account/quote?endpoint=/v1/images/generations'
    const quoted = await bench.appOf().request(path, { method: 'POST', headers, body })
    const quote = Quote.parse(await quoted.json())
    expect(quote).toMatchObject({ hold_usd: '0.04', estimate: { customer_charge_usd: '0.04' } })
    const under = { headers: { 'x-b3iq-quote-id': quote.id } }
    const more = await send({ prompt: 'a fish', n: 3 }, { sale, customer }, under)
    expect(await errorOf(more.response)).toMatchObject({ code: 'quote_mismatch' })
    const { response } = await send({ prompt: 'a fish', n: 2 }, { sale, customer }, under)
    expect(response.headers.get('x-b3iq-cost-usd')).toBe('0.04')
  })

  test.each([
    [{ prompt: '' }, 'invalid_value', 'prompt'],
    [{ prompt: 'a', n: 9 }, 'invalid_value', 'n'],
    [{ prompt: 'a', size: '8192x8192' }, 'invalid_value', 'size'],
    [{ prompt: 'a', response_format: 'url' }, 'unsupported_parameter', 'response_format'],
    [{ prompt: 'a', stream: true }, 'unsupported_parameter', 'stream'],
    [{ prompt: 'a', provider: { max_price: { image: 0.01 } } }, 'max_price_unmet', null],
    [{ prompt: 'a', constructor: 1, stream: true }, 'unsupported_parameter', 'stream'],
  ])('%j is refused as %s', async (body, code, param) => {
    const { response } = await askInVain(body)
    expect(await errorOf(response)).toMatchObject({ code, param })
  })
})

describe('moderations', () => {
  test('have a result for each text, billed by the prompt', async () => {
    const { response } = await moderate({ input: ['a fine day', 'an attack'] })
    expect(await response.json()).toMatchObject({
      id: expect.stringMatching(/^modr-/),
      results: [
        { flagged: false, categories: { violence: false } },
        { flagged: true, category_scores: { violence: 0.98 } },
      ],
      usage: { prompt_tokens: 5, total_tokens: 5 },
      b3iq: { cost_usd: '0.000005' },
    })
  })

  test('of images are refused', async () => {
    const input = [{ type: 'image_url', image_url: { url: 'https://example.com/a.png' } }]
    const { response } = await moderate({ input })
    expect(await errorOf(response)).toMatchObject({ code: 'invalid_value', param: 'input.0' })
  })
})
