/** A customer's side of a chat request: what was sent, and the reply in parts a test can compare. */
import type { Hono } from 'hono'
import * as z from 'zod'
import type { SurfaceEnv } from '../../src/http/surface.ts'
import type { Customer } from './gateway-bench.ts'

const Summary = z.strictObject({
  receipt_hash: z.string(),
  node_receipt_hash: z.string().nullable(),
  request_id: z.string(),
  cost_usd: z.string(),
  benchmark_cost_usd: z.string(),
  saved_usd: z.string(),
  salt: z.string().nullable(),
  retries: z.int(),
  stopped_by: z.enum(['cancelled', 'deadline']).nullable(),
  route_tier: z.string().nullable(),
  trust_tier: z.string().nullable(),
  usage: z.looseObject({}),
})

const StreamChunk = z.looseObject({
  id: z.string(),
  object: z.literal('chat.completion.chunk'),
  created: z.int(),
  model: z.string(),
  choices: z.array(
    z.looseObject({
      index: z.int(),
      delta: z.looseObject({ content: z.string().optional() }),
      finish_reason: z.string().nullable(),
    }),
  ),
  usage: z.looseObject({}).nullable().optional(),
  b3iq: Summary.optional(),
  error: z.looseObject({ code: z.string() }).optional(),
})
export type StreamChunk = z.infer<typeof StreamChunk>

const ErrorReply = z.object({
  error: z.looseObject({
    code: z.string(),
    type: z.string(),
    message: z.string(),
    param: z.string().nullable(),
    request_id: z.string(),
    retryable: z.boolean(),
    receipt_hash: z.string().optional(),
    required_hold_usd: z.string().optional(),
    affordable_max_tokens: z.int().optional(),
  }),
})

const JsonReply = z.looseObject({
  id: z.string(),
  object: z.literal('chat.completion'),
  choices: z.array(z.looseObject({ message: z.looseObject({}), finish_reason: z.string() })),
  usage: z.looseObject({}),
  b3iq: Summary,
})

export const messages = [{ role: 'user', content: 'Say hello.' }] as const

export function chatRequest(
  customer: Pick<Customer, 'token'>,
  body: object | string,
  headers: Readonly<Record<string, string>> = {},
): RequestInit {
  return {
    method: 'POST',
    headers: {
      authorization: `Bearer ${customer.token}`,
      'content-type': 'application/json',
      ...headers,
    },
    body: typeof body === 'string' ? body : JSON.stringify({ messages, ...body }),
  }
}

export const chatPath = '/v1/chat/completions'

/** Sends without a socket; `body` needs a `model` at the least. */
export async function askChat(
  app: Hono<SurfaceEnv>,
  customer: Pick<Customer, 'token'>,
  body: object | string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return app.request(chatPath, chatRequest(customer, body, headers))
}

export const completionOf = async (response: Response) => {
  const text = await response.text()
  const parsed = JsonReply.safeParse(JSON.parse(text))
  if (!parsed.success) throw new Error(`no completion but ${response.status} ${text}`)
  return parsed.data
}

export async function errorOf(response: Response) {
  const { error } = ErrorReply.parse(await response.json())
  const shouldRetry = response.headers.get('x-should-retry')
  return { status: response.status, ...error, shouldRetry }
}

export type StreamRead = {
  /** As they came, without what separates them. */
  readonly frames: readonly string[]
  readonly chunks: readonly StreamChunk[]
  readonly text: string
  readonly isDone: boolean
  readonly pings: number
  readonly last: StreamChunk
}

/** Reads a stream to its end; throws where it is no stream. */
export async function streamOf(response: Response): Promise<StreamRead> {
  const body = await response.text()
  if (response.headers.get('content-type') !== 'text/event-stream; charset=utf-8') {
    throw new Error(`no stream but ${response.status} ${body}`)
  }
  const frames = body.split('\n\n').slice(0, -1)
  const chunks = frames.flatMap((frame) =>
    frame.startsWith('data: {') ? [StreamChunk.parse(JSON.parse(frame.slice(6)))] : [],
  )
  const last = chunks.at(-1)
  if (last === undefined) throw new Error('the stream has no chunk')
  return {
    frames,
    chunks,
    text: chunks.flatMap(({ choices }) => choices.map(({ delta }) => delta.content ?? '')).join(''),
    isDone: frames.at(-1) === 'data: [DONE]',
    pings: frames.filter((frame) => frame === ': ping').length,
    last,
  }
}
