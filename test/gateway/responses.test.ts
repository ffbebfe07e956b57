// POST /v1/responses through OpenAI's own SDK: a real gateway, a signed host, a receipt for each.
import OpenAI from 'openai'
import { toResponseInputItems } from 'openai/lib/responses/ResponseInputItems'
import type { ResponseCreateParamsStreaming } from 'openai/resources/responses/responses'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { errorOf } from '../support/chat-client.ts'
import {
  type BenchChanges,
  type Customer,
  type GatewayBench,
  startGatewayBench,
} from '../support/gateway-bench.ts'
import {
  answers,
  counts,
  finishes,
  neverAnswers,
  refuses,
  type Script,
  says,
  streams,
} from '../support/host-answers.ts'
import { sleepShortened } from '../support/sleep-shortened.ts'

let bench: GatewayBench
beforeAll(async () => {
  bench = await startGatewayBench()
})
afterAll(() => bench.stop())

type App = ReturnType<GatewayBench['appOf']>

/** The SDK as a customer has it, without a socket between. */
const sdkOf = (app: App, { token }: Customer) =>
  new OpenAI({
    apiKey: token,
    baseURL: 'http://gateway/v1',
    maxRetries: 0,
    fetch: async (url, init) => app.request(String(url), init),
  })

async function sold(scripts: readonly Script[], changes: BenchChanges = {}) {
  const sale = await bench.sale(scripts)
  const customer = await bench.customer()
  const app = bench.appOf(changes)
  return { sale, customer, app, sdk: sdkOf(app, customer), model: sale.model.id }
}

/** As any client sends it. */
const send = (app: App, { token }: Customer, body: object, headers: Record<string, string> = {}) =>
  app.request('/v1/responses', {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ input: 'Hi.', ...body }),
  })

/** Each frame's `event:` and data; the end mark has neither type nor JSON. */
async function framesOf(response: Response) {
  const frames = (await response.text()).split('\n\n').filter((frame) => frame !== '')
  const isPing = (frame: string) => frame.startsWith(':')
  return frames
    .filter((frame) => !isPing(frame))
    .map((frame) => /^event: (\S+)\ndata: (.+)$/.exec(frame)?.slice(1) ?? [frame])
}

const B3iq = z.object({
  b3iq: z.looseObject({ receipt_hash: z.string(), cost_usd: z.string() }),
})

const calls = answers({
  frames: [
    { choices: [{ index: 0, delta: { reasoning_content: 'Look.' } }] },
    {
      choices: [
        {
          index: 0,
          delta: {
            tool_calls: [{ index: 0, id: 'call_a', function: { name: 'weather', arguments: '' } }],
          },
        },
      ],
    },
    {
      choices: [{ index: 0, delta: { tool_calls: [{ index: 0, function: { arguments: '{}' } }] } }],
    },
    finishes('tool_calls'),
    counts(9, 3),
  ],
})
const weather = {
  type: 'function' as const,
  name: 'weather',
  parameters: { type: 'object', properties: {} },
  strict: null,
}

describe('a response', () => {
  test('as one object: text, usage and price, and the headers of a chat', async () => {
    const { sdk, model, customer, sale } = await sold([streams(['Hello', ' world'])])
    const { data, response } = await sdk.responses
      .create({ model, input: 'Hi.', instructions: 'Rhyme.', max_output_tokens: 64 })
      .withResponse()
    expect(data.output_text).toBe('Hello world')
    expect(data).toMatchObject({ status: 'completed', model, store: false, error: null })
    expect(data.usage).toMatchObject({ input_tokens: 9, output_tokens: 3, total_tokens: 12 })
    const { b3iq } = B3iq.parse(data)
    expect(b3iq.cost_usd).toBe('0.000015')
    expect(response.headers.get('x-b3iq-receipt-hash')).toBe(b3iq.receipt_hash)
    const receipt = await bench.onlyReceipt(customer)
    expect(receipt.receipt_hash).toBe(b3iq.receipt_hash)
    expect(data.id).toBe(`resp_${receipt.private.request_id}`)
    expect(sale.host.lastDispatch().body).toMatchObject({
      max_tokens: 64,
      messages: [
        { role: 'system', content: 'Rhyme.' },
        { role: 'user', content: 'Hi.' },
      ],
    })
  })

  test('as a stream: the SDK rebuilds what the terminal event carries', async () => {
    const { sdk, model } = await sold([calls])
    const asked: ResponseCreateParamsStreaming = {
      model,
      input: 'Weather?',
      tools: [weather],
      stream: true,
    }
    const stream = sdk.responses.stream(asked)
    const types: string[] = []
    for await (const event of stream) types.push(event.type)
    expect(types.at(-1)).toBe('response.completed')
    const final = await stream.finalResponse()
    expect(final.output).toMatchObject([
      { type: 'reasoning', content: [{ text: 'Look.' }] },
      { type: 'function_call', call_id: 'call_a', name: 'weather', arguments: '{}' },
    ])
    expect(B3iq.parse(final).b3iq.cost_usd).toBe('0.000015')
  })

  test('on the wire: named frames, then the end mark of Open Responses', async () => {
    const { app, customer, model } = await sold([streams(['Hello'])])
    const response = await send(app, customer, { model, stream: true })
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    const frames = await framesOf(response)
    const Typed = z.object({ type: z.string() })
    for (const [name, data] of frames.slice(0, -1)) {
      expect(Typed.parse(JSON.parse(data ?? '')).type).toBe(name)
    }
    expect(frames.at(-2)?.[0]).toBe('response.completed')
    expect(frames.at(-1)).toEqual(['data: [DONE]'])
  })

  test('of a turn with the outputs of functions goes on where it was', async () => {
    const { sdk, model, sale } = await sold([calls])
    const first = await sdk.responses.create({ model, input: 'Weather?', tools: [weather] })
    const second = await sdk.responses.create({
      model,
      tools: [weather],
      input: [
        { role: 'user', content: 'Weather?' },
        ...toResponseInputItems(first.output),
        { type: 'function_call_output', call_id: 'call_a', output: 'rain' },
      ],
    })
    expect(second.status).toBe('completed')
    const { messages } = sale.host.lastDispatch().body
    expect(messages).toMatchObject([
      { role: 'user' },
      { role: 'assistant', reasoning_content: 'Look.', tool_calls: [{ id: 'call_a' }] },
      { role: 'tool', tool_call_id: 'call_a', content: 'rain' },
    ])
  })

  test.each([true, false])('that reached its length is incomplete; stream: %s', async (stream) => {
    const frames = [says('Hel'), finishes('length'), counts(9, 3)]
    const { sdk, model } = await sold([answers({ frames })])
    const asked = { model, input: 'Hi.' }
    const response = stream
      ? await sdk.responses.stream(asked).finalResponse()
      : await sdk.responses.create(asked)
    expect(response).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
      output: [{ status: 'incomplete', content: [{ text: 'Hel' }] }],
    })
    expect(B3iq.parse(response).b3iq.cost_usd).toBe('0.000015')
  })
})

describe('a failure', () => {
  test.each([true, false])('of every host is an HTTP error; stream: %s', async (stream) => {
    const { app, model, customer } = await sold([refuses(500)])
    expect(await errorOf(await send(app, customer, { model, stream }))).toMatchObject({
      status: 502,
      code: 'upstream_error',
    })
    expect(await bench.wallet(customer)).toMatchObject({ held: 0n, spent: 0n })
  })

  test('after a ping is an error event with the code and status that it would have had', async () => {
    const sleep = sleepShortened({ 5000: 20, 30000: 200 })
    const { app, model, customer } = await sold([neverAnswers], { sleep, deadlineMs: 1_000 })
    const response = await send(app, customer, { model, stream: true })
    expect(response.status).toBe(200)
    const frames = await framesOf(response)
    expect(frames.map(([name]) => name)).toEqual([
      'response.created',
      'response.in_progress',
      'error',
      'response.failed',
      'data: [DONE]',
    ])
    const { error } = z.object({ error: z.looseObject({}) }).parse(JSON.parse(frames[2]?.[1] ?? ''))
    expect(error).toMatchObject({ code: 'upstream_timeout', status: 504 })
  })

  test('after content ends in a response that failed, with what was delivered and billed', async () => {
    const cut = answers({ frames: [says('word '.repeat(8))], end: 'cut' })
    const { sdk, model, customer } = await sold([cut, streams(['x'])])
    const final = await sdk.responses.stream({ model, input: 'Hi.' }).finalResponse()
    expect(final).toMatchObject({
      status: 'failed',
      error: { code: 'server_error', b3iq_code: 'upstream_error', retryable: false },
    })
    expect(final.output_text).toBe('word '.repeat(8))
    const receipt = await bench.onlyReceipt(customer)
    expect(B3iq.parse(final).b3iq.cost_usd).toBe(receipt.body.charge.charge_usd)
  })

  test('of a bound is told in the words of the request', async () => {
    const { app, model, customer } = await sold([])
    const body = { model, max_output_tokens: 10_000_000 }
    const { code, param, message } = await errorOf(await send(app, customer, body))
    expect({ code, param }).toEqual({ code: 'invalid_value', param: 'max_output_tokens' })
    expect(message).toMatch(/^max_output_tokens: /)
  })
})

describe('a repetition', () => {
  test('under one idempotency key is charged once', async () => {
    const { app, model, customer } = await sold([streams(['Hello'])])
    const key = { 'idempotency-key': 'once' }
    const first = B3iq.parse(await (await send(app, customer, { model }, key)).json())
    expect(await errorOf(await send(app, customer, { model }, key))).toMatchObject({
      status: 409,
      code: 'idempotency_completed',
      receipt_hash: first.b3iq.receipt_hash,
    })
  })
})

test('what was answered is not stored: there is nothing to fetch', async () => {
  const { app, customer } = await sold([])
  const headers = { authorization: `Bearer ${customer.token}` }
  expect(await errorOf(await app.request('/v1/responses/resp_1', { headers }))).toMatchObject({
    status: 404,
    code: 'not_found',
  })
})
