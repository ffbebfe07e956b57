/**
 * `POST /v1/responses`: the work of a chat, told as a response. Host, hold, receipt, cancellation and
 * repetition are those of any chat; only the words on the way in and on the way out differ.
 */
import { readJsonBytes } from '../http/read-json.ts'
import { absurd, InvariantError } from '../protocol/assert.ts'
import type { ChatChunk } from '../protocol/chat-chunk.ts'
import type { ChatRequest } from '../protocol/chat-request.ts'
import { limits } from '../protocol/limits.ts'
import type { ResponsesEvent } from '../protocol/responses-event.ts'
import { ResponsesRequest } from '../protocol/responses-request.ts'
import { ok } from '../protocol/result.ts'
import { type Billed, makeResponse, type ResponseRun } from '../responses/response.ts'
import { inResponsesWords, toChatRequest } from '../responses/to-chat.ts'
import type { FinishedEvent, FramesOf, JsonAnswer } from './answer-form.ts'
import { data, done } from './answer-stream.ts'
import { chatWork } from './chat-work.ts'
import type { CompletionEvent } from './completion-event.ts'
import type { Endpoint } from './inference.ts'
import type { StartedEvent } from './serve.ts'
import type { Settled } from './settle-request.ts'
import type { Work } from './work.ts'

type Asked = {
  readonly model: string
  readonly request: ResponsesRequest
  readonly chat: ChatRequest
}

export const responsesEndpoint: Endpoint<Asked> = {
  read: async (http) => {
    const read = await readJsonBytes(http, ResponsesRequest, limits.requestBodyBytes)
    if (!read.ok) return read
    const { asked: request, bytes } = read.value
    const chat = toChatRequest(request)
    if (!chat.ok) return chat
    return ok({ asked: { model: chat.value.model, request, chat: chat.value }, bytes })
  },
  work: async (deps, { chat }, key) => ok(inOurWords(chatWork(chat, key, deps.random))),
  form: ({ request }) => ({
    isStream: request.stream === true,
    toJson: (events, identity) => toJson(events, () => makeResponse(request, identity)),
    makeFrames: (identity) => makeFrames(makeResponse(request, identity)),
  }),
}

const inOurWords = (work: Work): Work => ({
  ...work,
  plan: (shard, random) => {
    const planned = work.plan(shard, random)
    return planned.ok ? planned : { ok: false, error: inResponsesWords(planned.error) }
  },
})

/** The terminal event's response is the whole answer. */
async function toJson(
  events: AsyncIterable<CompletionEvent>,
  begin: () => ResponseRun,
): Promise<JsonAnswer> {
  let response = begin()
  let started: StartedEvent | undefined
  for await (const event of events) {
    if (event.kind === 'failed') return { kind: 'failed', event }
    if (event.kind === 'withdrawn') {
      response = begin()
      continue
    }
    if (event.kind === 'started') started = event
    const last = [...tell(response, event)].at(-1)
    if (event.kind !== 'finished') continue
    if (last === undefined || !('response' in last)) throw new InvariantError('no terminal event')
    return { kind: 'completed', body: last.response, started, finished: event }
  }
  const error = { code: 'internal_error' } as const
  return { kind: 'failed', event: { kind: 'failed', error, settled: undefined } }
}

/**
 * One frame for each event. Open Responses ends every stream with the end mark, failed ones included: the
 * event before it tells them apart.
 */
export function makeFrames(response: ResponseRun): FramesOf {
  return function* framesOf(event) {
    for (const told of tell(response, event)) {
      yield `event: ${told.type}\n${data(told)}`
    }
    if (event.kind === 'finished' || event.kind === 'failed') yield done
  }
}

function tell(response: ResponseRun, event: CompletionEvent): Iterable<ResponsesEvent> {
  switch (event.kind) {
    case 'started':
      return response.begin()
    case 'chunks':
      return taken(response, event.chunks)
    case 'failed':
      return response.fail(event.error, event.settled && billed(event.settled))
    case 'finished':
      return response.finish(endedBy(event))
    case 'withdrawn':
      throw new InvariantError('what a stream has shown is not withdrawn')
    case 'document':
      throw new InvariantError('a chat is answered in chunks')
    default:
      return absurd(event)
  }
}

function* taken(response: ResponseRun, chunks: readonly ChatChunk[]): Generator<ResponsesEvent> {
  for (const chunk of chunks) yield* response.take(chunk)
}

function endedBy({ finishReasons, settled }: FinishedEvent) {
  const { body, private: hidden } = settled.receipt
  const endedAtMs = hidden.started_at_ms + (body.timings.total_ms ?? 0)
  const finishReason = finishReasons.get(0) ?? 'stop'
  return { ...billed(settled), finishReason, endedAtSec: Math.floor(endedAtMs / 1000) }
}

const billed = ({ summary }: Settled): Billed => ({ usage: summary.usage, b3iq: summary })
