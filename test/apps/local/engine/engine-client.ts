// Talks to a running engine the way a gateway does, and checks the shape of what comes back.

import { EventSourceParserStream } from 'eventsource-parser/stream'
import * as z from 'zod'

const Usage = z.object({
  prompt_tokens: z.int(),
  completion_tokens: z.int(),
  total_tokens: z.int(),
})

const Reply = z.object({
  model: z.string(),
  choices: z.tuple([
    z.object({ message: z.object({ content: z.string() }), finish_reason: z.string() }),
  ]),
  usage: Usage,
})

const Chunk = z.object({
  id: z.string(),
  object: z.literal('chat.completion.chunk'),
  choices: z
    .array(
      z.object({
        delta: z.object({ role: z.string().optional(), content: z.string().optional() }),
        finish_reason: z.string().nullable(),
      }),
    )
    .max(1),
  usage: Usage.optional(),
})

const Failure = z.object({
  error: z.object({ code: z.string(), message: z.string(), param: z.string().nullable() }),
})

export type ChatOptions = Readonly<Record<string, unknown>>

export const makeEngineClient = (port: number) => {
  const base = `http://127.0.0.1:${port}`
  const get = (path: string) => fetch(base + path)

  const post = (path: string, body: unknown, signal: AbortSignal | null = null) =>
    fetch(base + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
      signal,
    })

  const chatBody = (content: string, options: ChatOptions) => ({
    messages: [{ role: 'user', content }],
    ...options,
  })

  const postChat = (content: string, options: ChatOptions = {}, signal?: AbortSignal) =>
    post('/v1/chat/completions', chatBody(content, options), signal)

  return {
    get,
    post,
    postChat,

    /** A whole reply. */
    async chat(content: string, options: ChatOptions = {}) {
      const reply = Reply.parse(await (await postChat(content, options)).json())
      const [choice] = reply.choices
      return {
        text: choice.message.content,
        finishReason: choice.finish_reason,
        usage: reply.usage,
      }
    },

    /** A streamed reply: the data of each event, the last being `[DONE]`. */
    async streamChat(content: string, options: ChatOptions = {}) {
      const response = await postChat(content, { ...options, stream: true })
      return { response, ...(await readChunks(response)) }
    },

    /** Status and error of a request that must be refused. */
    async refusal(response: Promise<Response>) {
      const { status, headers, ...rest } = await response.then(async (reply) => ({
        status: reply.status,
        headers: reply.headers,
        body: Failure.parse(await reply.json()),
      }))
      return { status, headers, ...rest.body.error }
    },

    /** A gauge or counter, without its `llamacpp:`. */
    async metric(name: string): Promise<number> {
      const text = await (await get('/metrics')).text()
      const line = text.split('\n').find((each) => each.startsWith(`llamacpp:${name} `))
      if (line === undefined) throw new Error(`There is no metric ${name}.`)
      return Number(line.split(' ')[1])
    },

    async busySlots(): Promise<number> {
      const slots = z.array(z.object({ id: z.int(), is_processing: z.boolean() }))
      const states = slots.parse(await (await get('/slots')).json())
      return states.filter((state) => state.is_processing).length
    },
  }
}

export type EngineClient = ReturnType<typeof makeEngineClient>

const readChunks = async (response: Response) => {
  if (response.body === null) throw new Error('The reply has no body.')
  const events = response.body
    .pipeThrough(new TextDecoderStream('utf-8', { fatal: true }))
    .pipeThrough(new EventSourceParserStream())
  const data: string[] = []
  for await (const event of events) data.push(event.data)
  const chunks = data
    .filter((each) => each !== '[DONE]')
    .map((each) => Chunk.parse(JSON.parse(each)))
  const choices = chunks.flatMap((chunk) => chunk.choices)
  return {
    chunks,
    done: data.at(-1) === '[DONE]',
    text: choices.map((choice) => choice.delta.content ?? '').join(''),
    finishReason: choices.at(-1)?.finish_reason,
    usage: chunks.at(-1)?.usage,
  }
}
