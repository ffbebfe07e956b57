// The two shapes in which a completion leaves: chat and legacy text. Both follow OpenAI's API;
// `timings` is llama.cpp's addition.

import assert from 'node:assert/strict'
import {
  type CompletionJob,
  type ParsedRequest,
  parseChatRequest,
  parseTextRequest,
} from './completion-request.ts'
import type { CompletionEnd, CompletionEvent, ToolCall, WholeCompletion } from './completion-run.ts'
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
  /** A piece of the reply's one call: its id and name first, then its arguments. */
  call(head: ReplyHead, piece: Partial<ToolCall>): Chunk
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

const wireCall = ({ id, name, arguments: args }: Partial<ToolCall>): Chunk => ({
  ...(id === undefined ? {} : { id, type: 'function' }),
  function: { ...(name === undefined ? {} : { name }), arguments: args ?? '' },
})

/** A message that calls a tool says nothing else. */
const messageOf = ({ text, call }: WholeCompletion): Chunk =>
  call === undefined
    ? { role: 'assistant', content: text }
    : { role: 'assistant', content: null, tool_calls: [wireCall(call)] }

export const chatDialect: Dialect = {
  idPrefix: 'chatcmpl-',
  parse: parseChatRequest,
  opening: (head) => [chatChunk(head, { role: 'assistant', content: '' }, null)],
  text: (head, text, readings) => chatChunk(head, { content: text }, null, readings),
  call: (head, piece) => chatChunk(head, { tool_calls: [{ index: 0, ...wireCall(piece) }] }, null),
  finish: (head, { finishReason, timings }) => ({ ...chatChunk(head, {}, finishReason), timings }),
  usage: (head, { usage }) => ({ ...head, object: 'chat.completion.chunk', choices: [], usage }),
  whole: (head, reply) => ({
    ...head,
    object: 'chat.completion',
    choices: [
      {
        index: 0,
        message: messageOf(reply),
        finish_reason: reply.end.finishReason,
        ...logprobsOf(reply.readings),
      },
    ],
    usage: reply.end.usage,
    timings: reply.end.timings,
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
  call: () => assert.fail('A text completion calls no tools.'),
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
    switch (event.type) {
      case 'text':
        yield frame(dialect.text(head, event.text, event.readings))
        break
      case 'call':
        yield frame(dialect.call(head, { id: event.id, name: event.name }))
        break
      case 'arguments':
        yield frame(dialect.call(head, { arguments: event.text }))
        break
      case 'end':
        yield frame(dialect.finish(head, event))
        if (job.includeUsage) yield frame(dialect.usage(head, event))
        yield 'data: [DONE]\n\n'
    }
  }
}
