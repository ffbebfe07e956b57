// The two shapes in which a completion leaves: chat and legacy text. Both follow OpenAI's API;
// `timings` is llama.cpp's addition.

import {
  type CompletionJob,
  type ParsedRequest,
  parseChatRequest,
  parseTextRequest,
} from './completion-request.ts'
import type { CompletionEnd, CompletionEvent, WholeCompletion } from './completion-run.ts'
import type { Reading } from './engine.ts'

/** Repeated in every chunk of a reply. `created` is in seconds. */
export type ReplyHead = {
  readonly id: string
  readonly model: string
  readonly created: number
}

type Chunk = Readonly<Record<string, unknown>>

export type Dialect = {
  readonly idPrefix: string
  parse(body: unknown): ParsedRequest
  /** The chunks before any text. */
  opening(head: ReplyHead): readonly Chunk[]
  text(head: ReplyHead, text: string, readings?: readonly Reading[] | undefined): Chunk
  finish(head: ReplyHead, end: CompletionEnd): Chunk
  usage(head: ReplyHead, end: CompletionEnd): Chunk
  whole(head: ReplyHead, reply: WholeCompletion): Chunk
}

/** OpenAI's shape; a reply without readings has no such field. */
const logprobsOf = (readings: readonly Reading[] | undefined): Chunk =>
  readings === undefined || readings.length === 0
    ? {}
    : {
        logprobs: {
          content: readings.map(({ top, ...token }) => ({ ...token, top_logprobs: top })),
          refusal: null,
        },
      }

const chatChunk = (
  head: ReplyHead,
  delta: Chunk,
  finishReason: string | null,
  readings?: readonly Reading[] | undefined,
): Chunk => ({
  ...head,
  object: 'chat.completion.chunk',
  choices: [{ index: 0, delta, finish_reason: finishReason, ...logprobsOf(readings) }],
})

export const chatDialect: Dialect = {
  idPrefix: 'chatcmpl-',
  parse: parseChatRequest,
  opening: (head) => [chatChunk(head, { role: 'assistant', content: '' }, null)],
  text: (head, text, readings) => chatChunk(head, { content: text }, null, readings),
  finish: (head, { finishReason, timings }) => ({ ...chatChunk(head, {}, finishReason), timings }),
  usage: (head, { usage }) => ({ ...head, object: 'chat.completion.chunk', choices: [], usage }),
  whole: (head, { text, readings, end: { finishReason, usage, timings } }) => ({
    ...head,
    object: 'chat.completion',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: text },
        finish_reason: finishReason,
        ...logprobsOf(readings),
      },
    ],
    usage,
    timings,
  }),
}

const textChunk = (head: ReplyHead, text: string, finishReason: string | null): Chunk => ({
  ...head,
  object: 'text_completion',
  choices: [{ index: 0, text, finish_reason: finishReason, logprobs: null }],
})

export const textDialect: Dialect = {
  idPrefix: 'cmpl-',
  parse: parseTextRequest,
  opening: () => [],
  text: (head, text) => textChunk(head, text, null),
  finish: (head, { finishReason, timings }) => ({ ...textChunk(head, '', finishReason), timings }),
  usage: (head, { usage }) => ({ ...head, object: 'text_completion', choices: [], usage }),
  whole: (head, { text, end: { finishReason, usage, timings } }) => ({
    ...textChunk(head, text, finishReason),
    usage,
    timings,
  }),
}

const frame = (chunk: Chunk): string => `data: ${JSON.stringify(chunk)}\n\n`

/** The server-sent events of a streamed reply, `[DONE]` included. */
export async function* framesOf(
  dialect: Dialect,
  head: ReplyHead,
  job: CompletionJob,
  events: AsyncIterable<CompletionEvent>,
): AsyncGenerator<string, void, undefined> {
  for (const chunk of dialect.opening(head)) yield frame(chunk)
  for await (const event of events) {
    if (event.type === 'text') {
      yield frame(dialect.text(head, event.text, event.readings))
    } else {
      yield frame(dialect.finish(head, event))
      if (job.includeUsage) yield frame(dialect.usage(head, event))
      yield 'data: [DONE]\n\n'
    }
  }
}
