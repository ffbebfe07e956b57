// What OpenAI's own SDK makes of our answers, dialect by dialect: the stream helper, the bare
// stream, the one object, and the loop that runs tools.
import { once } from 'node:events'
import { serve } from '@hono/node-server'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { startTimer } from '../../src/adapters/system.ts'
import { toJsonAnswer } from '../../src/gateway/answer-json.ts'
import { makeFrames, toSseBody } from '../../src/gateway/answer-stream.ts'
import type { CompletionEvent } from '../../src/gateway/completion-event.ts'
import { answerDialects } from '../support/answer-dialects.ts'
import { bodyOf, choice, type Dialect, ends } from '../support/dialect.ts'
import { inPieces, relayed } from '../support/relayed.ts'
import { finished, identity as oneChoice, settled, usage } from '../support/settled-request.ts'
import { toolCallDialects } from '../support/tool-call-dialects.ts'

/** Of two choices, the second alone has content. */
const ofSecond = (delta: object, finish_reason: string | null = null) => ({
  choices: [{ index: 1, delta, finish_reason }],
})
const twoChoices: Dialect = {
  name: 'two choices',
  source: 'none: made up',
  frames: [ofSecond({ content: 'Hello' }), ends('length'), ofSecond({}, 'stop')],
  means: { content: '', reason: 'length' },
}
const oneOfTwo: Dialect = {
  name: 'two choices, neither at its end',
  source: 'none: made up',
  frames: [ofSecond({ content: 'Hel' })],
  means: { content: '', reason: undefined },
}
const dialects = [...toolCallDialects, ...answerDialects]
const all = [...dialects, twoChoices, oneOfTwo]
const whole = dialects.filter(({ means }) => means.reason !== undefined)
const named = (dialects: readonly Dialect[]) =>
  dialects.map((dialect) => [dialect.name, dialect] as const)

/** The answer to a conversation that has the results of its tools. */
const afterTools = { frames: [choice({ content: 'It rains.' }), ends('stop')] }

const Asked = z.looseObject({
  model: z.string(),
  stream: z.boolean().optional(),
  n: z.int().optional(),
  user: z.string().optional(),
  stream_options: z.object({ include_usage: z.boolean() }).optional(),
  messages: z.array(z.looseObject({ role: z.string(), tool_call_id: z.string().optional() })),
})
const asked: z.infer<typeof Asked>[] = []

async function eventsFor(request: z.infer<typeof Asked>): Promise<CompletionEvent[]> {
  const hasResults = request.messages.some(({ role }) => role === 'tool')
  const dialect = all.find(({ name }) => name === request.model)
  const body = hasResults || dialect === undefined ? afterTools : dialect
  const read = await relayed(
    inPieces(bodyOf({ ...body, name: '', source: '', means: noMeaning })),
    {
      choices: request.n ?? 1,
    },
  )
  if (read.isFinished) return read.events
  // As a deadline or its customer ends a request: every choice that was not at its end has a length.
  if (request.user === 'stopped') {
    const cut = finished([0, 'length'], [1, 'length'], ...read.totals.finishReasons)
    return [...read.events.slice(0, -1), cut]
  }
  const failed = { kind: 'failed', error: { code: 'upstream_error' }, settled } as const
  return [...read.events.slice(0, -1), failed]
}
const noMeaning = { content: '', reason: undefined }

async function* inOrder(events: readonly CompletionEvent[]): AsyncGenerator<CompletionEvent> {
  yield* events
}

async function answer(http: Request): Promise<Response> {
  const request = Asked.parse(await http.json())
  asked.push(request)
  const events = inOrder(await eventsFor(request))
  const identity = { ...oneChoice, choices: request.n ?? 1 }
  if (!request.stream) {
    const reply = await toJsonAnswer(events, identity)
    return reply.kind === 'failed'
      ? Response.json({ error: { code: reply.event.error.code } }, { status: 502 })
      : Response.json(reply.body)
  }
  const body = toSseBody(events, {
    framesOf: makeFrames({
      identity,
      includeUsage: request.stream_options?.include_usage === true,
    }),
    pingInMs: 5_000,
    startTimer,
    onClientGone: () => undefined,
  })
  return new Response(body, { headers: { 'content-type': 'text/event-stream; charset=utf-8' } })
}

let client: OpenAI
let stop: () => Promise<unknown>
beforeAll(async () => {
  const server = serve({ fetch: answer, hostname: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  const { port } = z.object({ port: z.int() }).parse(server.address())
  client = new OpenAI({ apiKey: 'x', baseURL: `http://127.0.0.1:${port}`, maxRetries: 0 })
  stop = () => {
    const closed = once(server, 'close')
    server.close()
    if ('closeAllConnections' in server) server.closeAllConnections()
    return closed
  }
})
afterAll(() => stop())

const messages = [{ role: 'user' as const, content: 'How is the weather?' }]
const ask = ({ name }: Dialect) => ({ model: name, messages })

/** Reasoning is no member that OpenAI's types know, but its SDK hands it on. */
const Message = z.object({
  content: z.string().nullable(),
  reasoning_content: z.string().optional(),
  tool_calls: z
    .array(
      z.object({
        id: z.string().min(1),
        type: z.literal('function'),
        function: z.object({ name: z.string(), arguments: z.string() }),
      }),
    )
    .optional(),
})
function meaningOf(message: unknown) {
  const { content, tool_calls } = Message.parse(message)
  return { content: content ?? '', calls: tool_calls?.map((call) => call.function) }
}
const expected = ({ means }: Dialect) => ({ content: means.content, calls: means.calls })

describe('the stream helper', () => {
  test.each(named(whole))('%s', async (_, dialect) => {
    const stream = client.chat.completions.stream({
      ...ask(dialect),
      stream_options: { include_usage: true },
    })
    const completion = await stream.finalChatCompletion()
    expect(meaningOf(completion.choices[0]?.message)).toEqual(expected(dialect))
    expect(completion.choices[0]?.finish_reason).toBe(dialect.means.reason)
    expect(completion.usage).toEqual(usage)
  })
})

describe('the one object', () => {
  test.each(named(whole))('%s', async (_, dialect) => {
    const completion = await client.chat.completions.create(ask(dialect))
    const [first] = completion.choices
    expect(meaningOf(first?.message)).toEqual(expected(dialect))
    expect(Message.parse(first?.message).reasoning_content).toBe(dialect.means.reasoning)
    expect(first?.finish_reason).toBe(dialect.means.reason)
  })
})

describe('a choice without content', () => {
  const endOf = async (dialect: Dialect, changes: { n?: number; user?: string }) => {
    const stream = client.chat.completions.stream({ ...ask(dialect), ...changes })
    const { choices } = await stream.finalChatCompletion()
    return choices.map(({ message, finish_reason }) => [message.content ?? '', finish_reason])
  }

  test('among others is an answer like them', async () => {
    expect(await endOf(twoChoices, { n: 2 })).toEqual([
      ['', 'length'],
      ['Hello', 'stop'],
    ])
  })

  test('is one too where the answer was stopped before it began', async () => {
    expect(await endOf(oneOfTwo, { n: 2, user: 'stopped' })).toEqual([
      ['', 'length'],
      ['Hel', 'length'],
    ])
  })
})

describe('the bare stream', () => {
  const chunksOf = async (dialect: Dialect, include_usage: boolean) =>
    Array.fromAsync(
      await client.chat.completions.create({
        ...ask(dialect),
        stream: true,
        stream_options: { include_usage },
      }),
    )

  test.each(named(whole))('%s: no usage unless it was asked for', async (_, dialect) => {
    const chunks = await chunksOf(dialect, false)
    expect(chunks.filter((chunk) => 'usage' in chunk)).toEqual([])
    expect(chunks.filter((chunk) => chunk.choices.length === 0)).toEqual([])
    const text = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')
    expect(text).toBe(dialect.means.content)
    const reasons = chunks.flatMap((chunk) => chunk.choices[0]?.finish_reason ?? [])
    expect(reasons).toEqual([dialect.means.reason])
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe(dialect.means.reason)
  })

  test.each(named(whole))('%s: usage once, last, when it was asked for', async (_, dialect) => {
    const chunks = await chunksOf(dialect, true)
    expect(chunks.slice(0, -1).every((chunk) => chunk.usage === null)).toBe(true)
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage })
  })

  test('throws where the answer broke off, after what came before', async () => {
    const broken = dialects.filter(({ means }) => means.reason === undefined)
    expect(broken).not.toEqual([])
    for (const dialect of broken) {
      let text = ''
      const stream = await client.chat.completions.create({ ...ask(dialect), stream: true })
      const reading = (async () => {
        for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ''
      })()
      await expect(reading).rejects.toMatchObject({ code: 'upstream_error' })
      expect(text).toBe(dialect.means.content)
    }
  })
})

describe('the loop that runs tools', () => {
  const calling = whole.filter(({ means }) => means.calls !== undefined)
  const parameters = { type: 'object', properties: {} } as const
  test.each(named(calling))('%s', async (_, dialect) => {
    for (const stream of [true, false] as const) {
      const ran: { name: string; arguments: string }[] = []
      const tool = (name: string) => ({
        type: 'function' as const,
        function: {
          name,
          description: name,
          parameters,
          function: (given: string) => {
            ran.push({ name, arguments: given })
            return 'rain'
          },
        },
      })
      const tools = [tool('weather'), tool('time')]
      const body = { ...ask(dialect), tools }
      const runner = stream
        ? client.chat.completions.runTools({ ...body, stream })
        : client.chat.completions.runTools(body)
      expect(await runner.finalContent()).toBe('It rains.')
      expect(ran).toEqual(dialect.means.calls)
      const results = asked.at(-1)?.messages.filter(({ role }) => role === 'tool') ?? []
      expect(new Set(results.map((result) => result.tool_call_id)).size).toBe(ran.length)
    }
  })
})
