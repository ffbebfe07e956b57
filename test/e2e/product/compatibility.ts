// Programs of others, changed in nothing but address and key: OpenAI's SDK, Vercel's AI SDK and LangChain, each
// against the running product with its real engine.
import { createServer, type Server } from 'node:http'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { HumanMessage } from '@langchain/core/messages'
import { tool as langChainTool } from '@langchain/core/tools'
import { ChatOpenAI, OpenAIEmbeddings } from '@langchain/openai'
import { APICallError, embedMany, generateText, jsonSchema, Output, streamText, tool } from 'ai'
import OpenAI from 'openai'
import { beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { type LocalStack, newCustomer } from '../../support/local-stack.ts'
import { theStack } from './stack.ts'

let stack: LocalStack
let baseURL: string
let model: string
let embeddingModel: string
const keys = { full: '', poor: '', limited: '' }

beforeAll(async () => {
  stack = theStack()
  baseURL = `${stack.ready.gatewayUrl}/v1`
  model = stack.ready.model
  embeddingModel = await embeddingModelOf(stack)
  const [rich, poor] = [await newCustomer(stack, '5'), await newCustomer(stack, '0.000000001')]
  keys.full = await keyOf(rich.accountId)
  keys.limited = await keyOf(rich.accountId, { requests_per_minute: 1 })
  keys.poor = await keyOf(poor.accountId)
})

async function keyOf(accountId: string, limits: object = {}): Promise<string> {
  const draft = { account_id: accountId, name: 'compatibility', limits }
  const Key = z.object({ key: z.string() })
  return (await stack.admin.send('POST', '/admin/keys', draft, Key)).key
}

async function embeddingModelOf({ ready }: LocalStack): Promise<string> {
  const Model = z.object({
    id: z.string(),
    architecture: z.object({ output_modalities: z.array(z.string()) }),
  })
  const response = await fetch(`${ready.gatewayUrl}/v1/models`)
  const { data } = z.object({ data: z.array(Model) }).parse(await response.json())
  const found = data.find(({ architecture }) =>
    architecture.output_modalities.includes('embeddings'),
  )
  if (!found) throw new Error('the stack sells no embedding model')
  return found.id
}

const Weather = z.strictObject({ city: z.enum(['Oslo', 'Rome']) })
const Person = z.strictObject({ isAdult: z.boolean() })
const hello = 'Say hello.'

describe("OpenAI's SDK", () => {
  const clientOf = (apiKey = keys.full, maxRetries = 0) =>
    new OpenAI({ baseURL, apiKey, maxRetries })
  const messages = [{ role: 'user' as const, content: hello }]

  test('lists models and shows one', async () => {
    const ids: string[] = []
    for await (const { id } of clientOf().models.list()) ids.push(id)
    expect(ids).toEqual(expect.arrayContaining([model, embeddingModel]))
    expect((await clientOf().models.retrieve(model)).id).toBe(model)
  })

  test('calls a tool as it is described', async () => {
    const { choices } = await clientOf().chat.completions.create({
      model,
      messages,
      max_tokens: 128,
      tools: [
        {
          type: 'function',
          function: { name: 'weather', parameters: z.toJSONSchema(Weather), strict: true },
        },
      ],
      tool_choice: 'required',
    })
    const [call] = choices[0]?.message.tool_calls ?? []
    if (call?.type !== 'function') throw new Error('no function was called')
    expect(call.function.name).toBe('weather')
    expect(Weather.safeParse(JSON.parse(call.function.arguments)).success).toBe(true)
  })

  test('keeps a JSON schema', async () => {
    const { choices } = await clientOf().chat.completions.create({
      model,
      messages,
      max_tokens: 64,
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'person', strict: true, schema: z.toJSONSchema(Person) },
      },
    })
    expect(Person.safeParse(JSON.parse(choices[0]?.message.content ?? '')).success).toBe(true)
  })

  test('goes on with a text, streamed and not', async () => {
    const order = { model, prompt: 'Once upon a time', max_tokens: 12, temperature: 0 }
    const whole = await clientOf().completions.create(order)
    expect(whole.object).toBe('text_completion')
    let text = ''
    for await (const chunk of await clientOf().completions.create({ ...order, stream: true })) {
      text += chunk.choices[0]?.text ?? ''
    }
    expect(text).toBe(whole.choices[0]?.text)
    expect(text.length).toBeGreaterThan(12)
  })

  test('embeds texts, by base64 as it asks of itself and as numbers', async () => {
    const input = ['a cat', 'a dog']
    const usual = await clientOf().embeddings.create({ model: embeddingModel, input })
    const plain = await clientOf().embeddings.create({
      model: embeddingModel,
      input,
      encoding_format: 'float',
    })
    expect(usual.data.map(({ index }) => index)).toEqual([0, 1])
    expect(usual.data[0]?.embedding).not.toEqual(usual.data[1]?.embedding)
    for (const [at, { embedding }] of plain.data.entries()) {
      const rounded = embedding.map(Math.fround)
      const off = (usual.data[at]?.embedding ?? []).map((one, i) =>
        Math.abs(one - (rounded[i] ?? 9)),
      )
      expect(Math.max(...off)).toBeLessThan(1e-3)
    }
    expect(usual.usage.prompt_tokens).toBeGreaterThan(0)
  })

  test('streams a response that adds up to the final object', async () => {
    const stream = clientOf().responses.stream({ model, input: hello, max_output_tokens: 16 })
    let text = ''
    for await (const event of stream) {
      if (event.type === 'response.output_text.delta') text += event.delta
    }
    const final = await stream.finalResponse()
    expect(final.output_text).toBe(text)
    expect(text.length).toBeGreaterThan(16)
    expect(final.usage?.output_tokens).toBe(16)
  })

  test('knows each refusal by its class', async () => {
    const ask = (key: string, changes: object = {}) =>
      clientOf(key).chat.completions.create({ model, messages, max_tokens: 4, ...changes })
    await expect(ask('sk-wrong')).rejects.toThrow(OpenAI.AuthenticationError)
    await expect(ask(keys.full, { temperature: 9 })).rejects.toThrow(OpenAI.BadRequestError)
    await expect(ask(keys.full, { model: 'maker/none' })).rejects.toThrow(OpenAI.NotFoundError)
    await expect(ask(keys.poor)).rejects.toMatchObject({
      status: 402,
      code: 'insufficient_balance',
    })
    const often = Promise.all([ask(keys.limited), ask(keys.limited), ask(keys.limited)])
    const refused = await often.then(
      () => undefined,
      (error: unknown) => error,
    )
    expect(refused).toBeInstanceOf(OpenAI.RateLimitError)
    if (!(refused instanceof OpenAI.RateLimitError)) throw new Error('unreachable')
    expect(refused.headers?.get('x-ratelimit-remaining-requests')).toBe('0')
    expect(refused.requestID).toBeTruthy()
  })

  test('retries by itself where it is told to, and is served once', async () => {
    const { url, server, counts } = await flakyProxy()
    try {
      const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: keys.full })
      const { choices } = await client.chat.completions.create({
        model,
        messages: [{ role: 'user', content: 'Say hello a second time.' }],
        max_tokens: 4,
      })
      expect(choices[0]?.message.content).toBeTruthy()
      expect(counts).toEqual(['0', '1'])
    } finally {
      server.close()
    }
  })
})

describe("Vercel's AI SDK", () => {
  const provider = () =>
    createOpenAICompatible({
      name: 'b3iq',
      baseURL,
      apiKey: keys.full,
      includeUsage: true,
      supportsStructuredOutputs: true,
    })

  test('generates and streams text with its usage', async () => {
    const asked = { model: provider()(model), prompt: hello, maxOutputTokens: 16 }
    const { text, usage } = await generateText(asked)
    expect(text.length).toBeGreaterThan(16)
    expect(usage.outputTokens).toBe(16)
    const result = streamText(asked)
    let streamed = ''
    for await (const piece of result.textStream) streamed += piece
    expect(streamed.length).toBeGreaterThan(16)
    expect((await result.usage).outputTokens).toBe(16)
  })

  test('calls tools and keeps schemas', async () => {
    const weather = tool({
      inputSchema: Weather,
      description: 'The weather of a city',
      execute: async ({ city }) => `Sun in ${city}.`,
    })
    const { toolCalls } = await generateText({
      model: provider()(model),
      prompt: hello,
      maxOutputTokens: 128,
      tools: { weather },
      toolChoice: 'required',
    })
    expect(toolCalls[0]).toMatchObject({ toolName: 'weather' })
    expect(Weather.safeParse(toolCalls[0]?.input).success).toBe(true)
    const schema = jsonSchema<z.infer<typeof Person>>(z.toJSONSchema(Person, { target: 'draft-7' }))
    const { output } = await generateText({
      model: provider()(model),
      prompt: hello,
      maxOutputTokens: 64,
      output: Output.object({ schema }),
    })
    expect(Person.safeParse(output).success).toBe(true)
  })

  test('embeds texts', async () => {
    const { embeddings } = await embedMany({
      model: provider().embeddingModel(embeddingModel),
      values: ['a cat', 'a dog'],
    })
    expect(embeddings).toHaveLength(2)
    expect(embeddings[0]).not.toEqual(embeddings[1])
  })

  test('knows what may be retried', async () => {
    const poor = createOpenAICompatible({ name: 'b3iq', baseURL, apiKey: keys.poor })
    const refused = await generateText({ model: poor(model), prompt: hello }).catch(
      (error: unknown) => error,
    )
    expect(APICallError.isInstance(refused) && [refused.statusCode, refused.isRetryable]).toEqual([
      402,
      false,
    ])
  })
})

describe('LangChain', () => {
  const chatOf = (fields: object = {}) =>
    new ChatOpenAI({
      model,
      apiKey: keys.full,
      maxTokens: 128,
      maxRetries: 0,
      configuration: { baseURL },
      ...fields,
    })

  test('invokes, streams, and does so over the Responses API as well', async () => {
    for (const useResponsesApi of [false, true]) {
      const chat = chatOf({ maxTokens: 16, useResponsesApi })
      const answer = await chat.invoke([new HumanMessage(hello)])
      expect(answer.text.length).toBeGreaterThan(16)
      expect(answer).toMatchObject({ usage_metadata: { output_tokens: 16 } })
      let streamed = ''
      for await (const chunk of await chat.stream(hello)) streamed += chunk.text
      expect(streamed.length).toBeGreaterThan(16)
    }
  })

  test('binds tools and keeps schemas', async () => {
    const weather = langChainTool(() => '', { name: 'weather', schema: Weather })
    const bound = chatOf().bindTools([weather], { tool_choice: 'required' })
    const [call] = (await bound.invoke(hello)).tool_calls ?? []
    expect(call?.name).toBe('weather')
    expect(Weather.safeParse(call?.args).success).toBe(true)
    const structured = chatOf().withStructuredOutput(Person, { method: 'jsonSchema' })
    expect(Person.safeParse(await structured.invoke(hello)).success).toBe(true)
  })

  test('embeds texts', async () => {
    const embeddings = new OpenAIEmbeddings({
      model: embeddingModel,
      apiKey: keys.full,
      configuration: { baseURL },
    })
    const [one, other] = await embeddings.embedDocuments(['a cat', 'a dog'])
    expect(one?.length).toBe(other?.length)
    expect(one).not.toEqual(other)
  })

  test('meets refusals as errors of OpenAI', async () => {
    await expect(chatOf({ apiKey: keys.poor }).invoke(hello)).rejects.toMatchObject({ status: 402 })
  })
})

/** Refuses the first request with 503 and hands the others on. */
async function flakyProxy() {
  const counts: unknown[] = []
  const server: Server = createServer(async (request, response) => {
    counts.push(request.headers['x-stainless-retry-count'])
    const pieces: Buffer[] = []
    for await (const piece of request) pieces.push(piece)
    if (counts.length === 1) {
      response.writeHead(503, { 'retry-after': '0' }).end()
      return
    }
    const reply = await fetch(`${stack.ready.gatewayUrl}${request.url}`, {
      method: 'POST',
      headers: {
        authorization: request.headers.authorization ?? '',
        'content-type': 'application/json',
        'x-stainless-retry-count': String(request.headers['x-stainless-retry-count']),
      },
      body: Buffer.concat(pieces),
    })
    const type = reply.headers.get('content-type') ?? ''
    response.writeHead(reply.status, { 'content-type': type }).end(await reply.text())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  return { url: `http://127.0.0.1:${address.port}`, server, counts }
}
