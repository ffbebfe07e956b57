// Replies that keep a form: JSON by a schema and calls of tools, from random weights, whatever the
// seed and the temperature, and for as many tokens as whoever counts them finds.

import OpenAI from 'openai'
import { afterAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import {
  templateTokens,
  templateTokensPerMessage,
} from '../../../../apps/local/engine/chat-template.ts'
import { makeDemoCount } from '../../../../apps/local/engine/demo-tokenizer.ts'
import {
  type EngineServer,
  startEngineServer,
} from '../../../../apps/local/engine/engine-server.ts'
import { makeAnswerTexts } from '../../../../src/metering/tokenizer-answer.ts'
import { promptTexts } from '../../../../src/metering/tokenizer-prompt.ts'
import { openTestLlama, openTestScripted, testSlots } from './opened-engines.ts'

const model = 'b3iq/tiny-random'
const options = { port: 0, alias: model, slots: testSlots, deferredMax: 4, tokenDelayMs: 0 }
const messages = [{ role: 'user' as const, content: 'Tell me.' }]
const samplings = [0, 0.8, 2].map((temperature, seed) => ({ temperature, seed }))

const servers: EngineServer[] = []
const clientOf = async (engine: Parameters<typeof startEngineServer>[0]) => {
  const server = await startEngineServer(engine, options)
  servers.push(server)
  return new OpenAI({
    baseURL: `http://127.0.0.1:${server.port}/v1`,
    apiKey: 'none',
    maxRetries: 0,
  }).chat.completions
}
afterAll(() => Promise.all(servers.map((server) => server.close(0))))

const llama = await openTestLlama()
afterAll(async () => {
  if (!llama.missing) await llama.engine().dispose()
})

const toolOf = (name: string, parameters: Record<string, unknown>) => ({
  type: 'function' as const,
  function: { name, description: 'Does it.', parameters },
})
const City = z.strictObject({ city: z.enum(['Oslo', 'Rome']) })
const Order = z.strictObject({ id: z.int(), notes: z.array(z.string()) })
const weather = toolOf('weather', z.toJSONSchema(City))
const order = toolOf('place-order_2', z.toJSONSchema(Order))

describe.skipIf(llama.missing)(`the ${llama.title} engine`, async () => {
  const completions = llama.missing ? undefined : await clientOf(llama.engine())
  const create = (body: Partial<OpenAI.ChatCompletionCreateParamsNonStreaming>) => {
    if (!completions) throw new Error('skipped')
    return completions.create({ model, messages, max_tokens: 512, ...body })
  }
  const askJson = async (schema: Record<string, unknown>, sampling: object = {}) => {
    const json_schema = { name: 'reply', strict: true, schema }
    const asked = { response_format: { type: 'json_schema' as const, json_schema }, ...sampling }
    const { choices, usage } = await create(asked)
    const text = choices[0]?.message.content ?? ''
    return { text, finishReason: choices[0]?.finish_reason, usage }
  }

  const Node: z.ZodType = z.strictObject({
    value: z.boolean(),
    next: z.lazy(() => Node.nullable()),
  })
  const forms: readonly (readonly [string, z.ZodType])[] = [
    ['booleans and null', z.strictObject({ yes: z.boolean(), nothing: z.null() })],
    [
      'enums and constants',
      z.strictObject({ a: z.enum(['x "y"', 'é', ' the house\n']), b: z.literal(7) }),
    ],
    [
      'nested objects',
      z.strictObject({ a: z.strictObject({ b: z.strictObject({ c: z.int() }) }) }),
    ],
    [
      'arrays',
      z.strictObject({ a: z.array(z.boolean()).min(2), b: z.array(z.array(z.int())).max(2) }),
    ],
    ['tuples', z.strictObject({ pair: z.tuple([z.boolean(), z.int()]) })],
    [
      'texts',
      z.strictObject({ free: z.string(), short: z.string().max(2), long: z.string().min(60) }),
    ],
    [
      'bounded numbers',
      z.strictObject({ a: z.int().min(3).max(5), b: z.number().gt(0).lt(1), c: z.int().min(0) }),
    ],
    ['alternatives', z.union([z.strictObject({ a: z.int() }), z.array(z.string())])],
    [
      'optional properties',
      z.strictObject({ a: z.string().optional(), b: z.int(), c: z.boolean().optional() }),
    ],
    ['records', z.record(z.string(), z.number())],
    ['itself', Node],
    ['text at the top', z.string()],
  ]

  it.each(forms)('keeps schemas of %s', async (_, form) => {
    const count = makeDemoCount()
    for (const sampling of samplings) {
      const { text, finishReason, usage } = await askJson(z.toJSONSchema(form), sampling)
      expect(form.safeParse(JSON.parse(text)), text).toMatchObject({ success: true })
      expect(finishReason).toBe('stop')
      expect(usage?.completion_tokens, text).toBe(count(text))
    }
  })

  it('writes formats of strings as they are', async () => {
    const properties = {
      day: { type: 'string', format: 'date' },
      at: { type: 'string', format: 'date-time' },
      id: { type: 'string', format: 'uuid' },
    }
    const required = ['day', 'at', 'id']
    const { text } = await askJson({ type: 'object', properties, required })
    const Formats = z.object({ day: z.iso.date(), at: z.iso.datetime(), id: z.uuid() })
    expect(Formats.safeParse(JSON.parse(text)), text).toMatchObject({ success: true })
  })

  it('writes some object where any will do', async () => {
    const { choices } = await create({ response_format: { type: 'json_object' } })
    expect(JSON.parse(choices[0]?.message.content ?? '')).toBeTypeOf('object')
  })

  it('says length where the limit cuts a document', async () => {
    const schema = z.toJSONSchema(Order)
    const { finishReason, usage } = await askJson(schema, { max_tokens: 5 })
    expect(finishReason).toBe('length')
    expect(usage?.completion_tokens).toBe(5)
  })

  it('shows log-probabilities beside JSON, and refuses them beside a call', async () => {
    const asked = { response_format: { type: 'json_object' as const }, logprobs: true }
    const { choices, usage } = await create(asked)
    expect(choices[0]?.logprobs?.content).toHaveLength(usage?.completion_tokens ?? 0)
    const called = create({ tools: [weather], tool_choice: 'required', logprobs: true })
    await expect(called).rejects.toMatchObject({ status: 400, param: 'logprobs' })
  })

  it('calls the named tool, or any where one must be called', async () => {
    for (const sampling of samplings) {
      const tool_choice = { type: 'function' as const, function: { name: 'place-order_2' } }
      const { choices } = await create({ tools: [weather, order], tool_choice, ...sampling })
      const [choice] = choices
      expect(choice).toMatchObject({ finish_reason: 'tool_calls', message: { content: null } })
      const [call] = choice?.message.tool_calls ?? []
      if (call?.type !== 'function') throw new Error('no function was called')
      expect(call.id).toMatch(/^call_/)
      expect(call.function.name).toBe('place-order_2')
      expect(Order.safeParse(JSON.parse(call.function.arguments)).success).toBe(true)
    }
    const { choices } = await create({ tools: [order, weather], tool_choice: 'required' })
    expect(choices[0]?.message.tool_calls).toHaveLength(1)
  })

  it('streams a call as its id and name, then its arguments, and counts what it wrote', async () => {
    if (!completions) throw new Error('skipped')
    const stream = await completions.create({
      model,
      messages,
      tools: [weather, order],
      tool_choice: 'required',
      stream: true,
      stream_options: { include_usage: true },
    })
    const chunks = await Array.fromAsync(stream)
    const deltas = chunks.flatMap(({ choices }) => choices).map(({ delta }) => delta)
    const [first, ...others] = deltas.flatMap(({ tool_calls }) => tool_calls ?? [])
    expect(first).toMatchObject({ index: 0, id: expect.stringMatching(/^call_/), type: 'function' })
    expect(others.length).toBeGreaterThan(5)
    for (const piece of others) {
      expect(piece).toEqual({ index: 0, function: { arguments: expect.any(String) } })
    }
    const args = others.map((piece) => piece.function?.arguments).join('')
    const form = first?.function?.name === 'weather' ? City : Order
    expect(form.safeParse(JSON.parse(args)).success).toBe(true)
    expect(deltas.map(({ content }) => content ?? '').join('')).toBe('')
    expect(chunks.flatMap(({ choices }) => choices).at(-1)?.finish_reason).toBe('tool_calls')

    const count = makeDemoCount()
    const texts = makeAnswerTexts()
    const whole = deltas.flatMap(({ content, tool_calls: calls = [] }) =>
      texts.take(0, {
        content,
        tool_calls: calls.map(({ index, function: called = {} }) => ({ index, function: called })),
      }),
    )
    const counted = [...whole, ...texts.rest()].reduce((sum, text) => sum + count(text), 0)
    expect(chunks.at(-1)?.usage?.completion_tokens).toBe(counted)
  })

  it('keeps what there is of a call that the limit cuts', async () => {
    const asked = { tools: [weather], tool_choice: 'required' as const }
    const named = await create({ ...asked, max_tokens: 40 })
    expect(named.choices[0]).toMatchObject({
      finish_reason: 'length',
      message: { tool_calls: [{ function: { name: 'weather', arguments: '{"city"' } }] },
    })
    const unnamed = await create({ ...asked, max_tokens: 12 })
    expect(unnamed.choices[0]).toMatchObject({
      finish_reason: 'length',
      message: { content: '{"name": "we' },
    })
  })

  it('answers with text where a tool may be called, and where none may', async () => {
    for (const tool_choice of ['auto', 'none'] as const) {
      const { choices } = await create({ tools: [weather], tool_choice, max_tokens: 4 })
      expect(choices[0]?.message.tool_calls).toBeUndefined()
      expect(choices[0]?.message.content).toMatch(/^( [A-Za-z.]+){4}$/)
    }
  })

  it('reads tools and earlier calls for the tokens that a gateway counts', async () => {
    const call = { name: 'weather', arguments: '{"city":["the","Oslo"]}' }
    const turns = [
      ...messages,
      {
        role: 'assistant' as const,
        content: null,
        tool_calls: [{ id: 'call_1', type: 'function' as const, function: call }],
      },
      { role: 'tool' as const, tool_call_id: 'call_1', content: 'Sun.' },
    ]
    const tools = [weather, order]
    const { usage } = await create({ messages: turns, tools, max_tokens: 1 })
    const count = makeDemoCount()
    const { texts, marked } = promptTexts({ messages: turns, tools, rendersReasoning: false })
    const counted = texts.reduce((sum, text) => sum + count(text), 0)
    expect(usage?.prompt_tokens).toBe(counted + marked * templateTokensPerMessage + templateTokens)
  })
})

it('the scripted engine, which runs no model, writes text all the same', async () => {
  const completions = await clientOf(openTestScripted().engine())
  const { choices } = await completions.create({
    model,
    messages,
    tools: [weather],
    tool_choice: 'required',
    max_tokens: 4,
  })
  expect(choices[0]).toMatchObject({ finish_reason: 'length' })
  expect(choices[0]?.message.content).toMatch(/^( [A-Za-z.]+){4}$/)
})
