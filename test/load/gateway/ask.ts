/**
 * One chat request over HTTP, read to its end by a client that believes nothing: a reply counts as ended
 * only by `[DONE]` with a summary, by a whole JSON object, or by an error with a code.
 */
import { type Agent, type IncomingMessage, request as openRequest } from 'node:http'
import { text as textOf } from 'node:stream/consumers'
import { createParser } from 'eventsource-parser'
import * as z from 'zod'
import { sha256Hex } from '../../../src/protocol/canonical.ts'
import type { Reply } from './messages.ts'
import { wordMark } from './word-mark.ts'

export type Asking = {
  readonly gatewayUrl: string
  readonly agent: Agent
  readonly token: string
  readonly body: Readonly<Record<string, unknown>>
  readonly headers?: Readonly<Record<string, string>>
  /** Aborts when the client leaves. */
  readonly leave?: AbortSignal
  /** After each piece of content; `count` from 1. */
  readonly onContent?: (seen: { readonly count: number; readonly requestId: string | null }) => void
}

export type Heard = Omit<Reply, 'act' | 'accountId' | 'idempotencyKey'>

/** The gateway's own deadline is a minute in these runs; nothing that is slower is an answer. */
const replyMsMax = 75_000

const Summary = z.object({
  receipt_hash: z.string(),
  cost_usd: z.string(),
  salt: z.string().nullable(),
  retries: z.int(),
})
const Failure = z.object({ code: z.string() })
const Chunk = z.object({
  choices: z.array(z.object({ delta: z.object({ content: z.string().nullish() }) })),
  error: Failure.optional(),
  b3iq: Summary.optional(),
})
const Answer = z.object({
  choices: z.array(z.object({ message: z.object({ content: z.string().nullable() }) })),
  b3iq: Summary,
})
const Refusal = z.object({ error: Failure.extend({ receipt_hash: z.string().optional() }) })

export async function ask(asking: Asking): Promise<Heard> {
  const startedAtMs = Date.now()
  const listener = makeListener(asking, startedAtMs)
  const tooLong = AbortSignal.timeout(replyMsMax)
  const leave = asking.leave ?? new AbortController().signal
  const signal = AbortSignal.any([leave, tooLong])
  try {
    const response = await send(asking, signal)
    await listener.listen(response)
  } catch (error) {
    if (tooLong.aborted) listener.broke('no end within 75 s')
    else listener.broke(causeOf(error))
  }
  const heard = listener.heard()
  return leave.aborted && heard.end === 'broken' ? { ...heard, end: 'left', cause: null } : heard
}

function send(asking: Asking, signal: AbortSignal): Promise<IncomingMessage> {
  const body = Buffer.from(JSON.stringify(asking.body))
  return new Promise((resolve, reject) => {
    const request = openRequest(`${asking.gatewayUrl}/v1/chat/completions`, {
      method: 'POST',
      agent: asking.agent,
      signal,
      headers: {
        authorization: `Bearer ${asking.token}`,
        'content-type': 'application/json',
        'content-length': body.byteLength,
        ...asking.headers,
      },
    })
    request.once('response', resolve)
    request.on('error', reject)
    request.end(body)
  })
}

function makeListener({ body, onContent }: Asking, startedAtMs: number) {
  let requestId: string | null = null
  let end: Heard['end'] = 'broken'
  let code: string | null = null
  let cause: string | null = null
  let firstContentMs: number | null = null
  let text = ''
  let count = 0
  let isDone = false
  let summary: z.infer<typeof Summary> | undefined
  let receiptHash: string | null = null

  const hear = (content: string) => {
    if (content === '') return
    firstContentMs ??= Date.now() - startedAtMs
    text += content
    count += 1
    onContent?.({ count, requestId })
  }

  const readStream = async (response: IncomingMessage) => {
    const parser = createParser({
      onEvent: ({ data }) => {
        if (data === '[DONE]') {
          isDone = true
          return
        }
        const chunk = Chunk.parse(JSON.parse(data))
        for (const { delta } of chunk.choices) hear(delta.content ?? '')
        code ??= chunk.error?.code ?? null
        summary ??= chunk.b3iq
      },
    })
    for await (const piece of response.setEncoding('utf8')) parser.feed(String(piece))
    if (isDone && code === null && summary !== undefined) end = 'done'
    else if (!isDone && code !== null) end = 'error'
    else cause = `[DONE]: ${isDone}, error: ${code ?? 'none'}, summary: ${summary !== undefined}`
  }

  const readJson = async (response: IncomingMessage) => {
    const json: unknown = JSON.parse(await textOf(response))
    const answer = Answer.safeParse(json).data
    if (response.statusCode === 200 && answer !== undefined) {
      for (const { message } of answer.choices) hear(message.content ?? '')
      summary = answer.b3iq
      end = 'json'
      return
    }
    const refusal = Refusal.safeParse(json).data
    if (refusal === undefined || response.statusCode === 200) {
      cause = `status ${response.statusCode} without an error`
      return
    }
    code = refusal.error.code
    receiptHash = refusal.error.receipt_hash ?? null
    end = 'error'
  }

  return {
    listen: async (response: IncomingMessage) => {
      requestId = String(response.headers['x-request-id'] ?? '') || null
      const isStream = String(response.headers['content-type']).startsWith('text/event-stream')
      await (isStream ? readStream(response) : readJson(response))
    },
    broke: (by: string) => {
      end = 'broken'
      cause = by
    },
    heard: (): Heard => ({
      isStreamed: body.stream === true,
      startedAtMs,
      endedAtMs: Date.now(),
      firstContentMs,
      requestId,
      end,
      code,
      cause,
      textSha256: end === 'broken' ? null : sha256Hex(text),
      marks: marksOf(text),
      receiptHash: summary?.receipt_hash ?? receiptHash,
      costUsd: summary?.cost_usd ?? null,
      salt: summary?.salt ?? null,
      retries: summary?.retries ?? null,
    }),
  }
}

/** Every host that had a word in it. */
const marksOf = (text: string): string[] => [
  ...new Set([...text.matchAll(wordMark.pattern)].map(([, mark = '']) => mark)),
]

function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'fault'
  const { code } = z.object({ code: z.string().optional() }).catch({}).parse(error)
  return `${code ?? error.name}: ${error.message}`.slice(0, 200)
}
