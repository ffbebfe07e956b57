// Plain completions through the gateway: the prompt as it stands, answers in OpenAI's older shape, money as for a chat.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { textWork } from '../../src/gateway/text.ts'
import { errorOf } from '../support/chat-client.ts'
import {
  type Customer,
  type GatewayBench,
  type Sale,
  startGatewayBench,
} from '../support/gateway-bench.ts'
import { answers, counts, type Frame, type Script } from '../support/host-answers.ts'
import { modelOnSale } from '../support/model-on-sale.ts'

let bench: GatewayBench
beforeAll(async () => {
  bench = await startGatewayBench()
})
afterAll(() => bench.stop())

const says = (text: string, index = 0, more: object = {}): Frame => ({
  choices: [{ index, text, finish_reason: null, ...more }],
})
const ends = (reason = 'stop', index = 0): Frame => ({
  choices: [{ index, text: '', finish_reason: reason }],
})
const goesOn = answers({ frames: [says(' upon'), says(' a time'), ends(), counts(2, 3)] })

let standing: { readonly sale: Sale; readonly customer: Customer } | undefined

/** Of a new sale by this host, or of one for all that are refused. */
async function ask(body: object, script?: Script) {
  standing ??= { sale: await bench.sale([goesOn]), customer: await bench.customer() }
  const { sale, customer } = script
    ? { sale: await bench.sale([script]), customer: await bench.customer() }
    : standing
  const response = await bench.appOf().request('/v1/completions', {
    method: 'POST',
    headers: { authorization: `Bearer ${customer.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: sale.model.id, prompt: 'Once', ...body }),
  })
  return { sale, customer, response }
}

const Chunk = z.looseObject({
  id: z.string(),
  object: z.literal('text_completion'),
  choices: z.array(
    z.strictObject({
      index: z.int(),
      text: z.string(),
      logprobs: z.unknown(),
      finish_reason: z.string().nullable(),
    }),
  ),
})

async function chunksOf(response: Response) {
  const frames = (await response.text()).split('\n\n').slice(0, -1)
  const isDone = frames.at(-1) === 'data: [DONE]'
  const chunks = frames
    .filter((frame) => frame.startsWith('data: {'))
    .map((frame) => Chunk.parse(JSON.parse(frame.slice('data: '.length))))
  const text = chunks.flatMap(({ choices }) => choices.map((choice) => choice.text)).join('')
  return { chunks, text, isDone, last: chunks.at(-1) }
}

describe('a plain completion', () => {
  test('is one object of texts, with what it cost', async () => {
    const { sale, customer, response } = await ask({ max_tokens: 10, prompt: ['Once'] }, goesOn)
    expect(await response.json()).toMatchObject({
      id: expect.stringMatching(/^cmpl-/),
      object: 'text_completion',
      model: sale.model.id,
      choices: [{ index: 0, text: ' upon a time', logprobs: null, finish_reason: 'stop' }],
      usage: { prompt_tokens: 2, completion_tokens: 3 },
      b3iq: { cost_usd: '0.000008' },
    })
    expect(sale.host.lastDispatch()).toMatchObject({
      path: '/v1/completions',
      body: { prompt: 'Once', max_tokens: 10, stream: true },
    })
    const { body } = await bench.onlyReceipt(customer)
    expect(body.served?.usage).toMatchObject({ counted: { prompt: 1 }, inflated: false })
  })

  test('is a stream of such objects, usage and cost at its end', async () => {
    const body = { stream: true, stream_options: { include_usage: true } }
    const { response } = await ask(body, goesOn)
    const { chunks, text, isDone, last } = await chunksOf(response)
    expect(text).toBe(' upon a time')
    expect(chunks.map(({ choices }) => choices.map((one) => one.finish_reason))).toEqual([
      [null],
      [null],
      ['stop'],
      [],
    ])
    expect(last).toMatchObject({ usage: { prompt_tokens: 2 }, b3iq: { cost_usd: '0.000008' } })
    expect(isDone).toBe(true)
  })

  test('may be several choices', async () => {
    const frames = [says(' a'), says(' b', 1), ends('stop', 1), ends('length'), counts(2, 2)]
    const { sale, response } = await ask({ n: 2, best_of: 2 }, answers({ frames }))
    expect(await response.json()).toMatchObject({
      choices: [
        { index: 0, text: ' a', finish_reason: 'length' },
        { index: 1, text: ' b', finish_reason: 'stop' },
      ],
    })
    expect(sale.host.lastDispatch().body).not.toHaveProperty('best_of')
  })

  test.each([false, true])(
    'echoes the prompt, which is billed once (stream: %s)',
    async (stream) => {
      const { sale, customer, response } = await ask({ echo: true, stream }, goesOn)
      const text = stream
        ? (await chunksOf(response)).text
        : Chunk.parse(await response.json()).choices[0]?.text
      expect(text).toBe('Once upon a time')
      expect(sale.host.lastDispatch().body).not.toHaveProperty('echo')
      const { body } = await bench.onlyReceipt(customer)
      expect(body.charge.charge_usd).toBe('0.000008')
    },
  )

  test('has log-probabilities in the older shape, however its host tells them', async () => {
    const token = (text: string, logprob: number) => ({
      token: text,
      logprob,
      top_logprobs: [{ token: text, logprob }],
    })
    const older = {
      tokens: [' a'],
      token_logprobs: [-2],
      top_logprobs: [{ ' a': -2 }],
      text_offset: [9],
    }
    const script = answers({
      frames: [
        says(' upon', 0, { logprobs: { content: [token(' up', -1), token('on', -0.5)] } }),
        says(' a', 0, { logprobs: older }),
        ends(),
        counts(2, 3),
      ],
    })
    const { sale, response } = await ask({ logprobs: 1 }, script)
    expect(Chunk.parse(await response.json()).choices[0]?.logprobs).toEqual({
      tokens: [' up', 'on', ' a'],
      token_logprobs: [-1, -0.5, -2],
      top_logprobs: [{ ' up': -1 }, { on: -0.5 }, { ' a': -2 }],
      text_offset: [0, 3, 5],
    })
    expect(sale.host.lastDispatch().body).toMatchObject({ logprobs: 1 })
  })

  test('that breaks off is billed as far as it came, and says so', async () => {
    const script = answers({ frames: [says(' upon')], end: 'cut' })
    const { customer, response } = await ask({ stream: true }, script)
    const { last, isDone } = await chunksOf(response)
    expect(last).toMatchObject({
      choices: [{ text: '', finish_reason: 'error' }],
      error: { code: 'upstream_error', status: 502 },
    })
    expect(isDone).toBe(false)
    expect((await bench.onlyReceipt(customer)).body.result.status).toBe('partial')
  })
})

describe('what is refused', () => {
  test.each([
    [{ prompt: '' }, 'invalid_value', 'prompt'],
    [{ prompt: [1, 2] }, 'invalid_value', 'prompt.0'],
    [{ prompt: ['a', 'b'] }, 'invalid_value', 'prompt'],
    [{ prompt: 'a'.repeat(200_000) }, 'context_length_exceeded', 'prompt'],
    [{ suffix: 'end' }, 'unsupported_parameter', 'suffix'],
    [{ best_of: 3 }, 'unsupported_parameter', 'best_of'],
    [{ echo: true, logprobs: 1 }, 'unsupported_parameter', 'echo'],
    [{ use_beam_search: true }, 'unsupported_parameter', 'use_beam_search'],
    [{ tools: [], odd: 1, provider: { require_parameters: true } }, 'unsupported_parameter', 'odd'],
    [{ logprobs: 21 }, 'invalid_value', 'logprobs'],
  ])('%#: before anything is held', async (body, code, param) => {
    const { sale, response } = await ask(body)
    expect(await errorOf(response)).toMatchObject({ status: 400, code, param })
    expect(sale.host.dispatches).toEqual([])
  })

  test('log-probabilities of a model that no runtime gives them for', async () => {
    const [profile] = modelOnSale('maker/model').profiles
    if (!profile) throw new Error('the model has a build')
    const customer = await bench.customer()
    const sale = await bench.sale([], {
      model: { profiles: [{ ...profile, runtime_kinds: ['ollama'] }] },
    })
    const work = textWork(
      { model: sale.model.id, prompt: 'Once', logprobs: 1 },
      customer.key,
      () => 0,
    )
    const model = { ...sale.model, version: 1 }
    const shard = { model, builtAtMs: 0, shards: 1, candidates: [], excludedBy: [] }
    expect(work.plan(shard, () => 0)).toMatchObject({
      ok: false,
      error: { code: 'unsupported_parameter', param: 'logprobs' },
    })
  })
})
