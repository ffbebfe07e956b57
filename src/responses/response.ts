/**
 * One response from its first event to its last. The streamed and the whole form are the same run: whoever
 * did not ask for a stream is answered with what its terminal event would have carried.
 */
import type { ChatChunk } from '../protocol/chat-chunk.ts'
import { type ApiError, statusOf, toWireError, type WireError } from '../protocol/errors.ts'
import type { WireUsage } from '../protocol/host-usage.ts'
import type { ResponsesEvent } from '../protocol/responses-event.ts'
import type { ResponseFault, ResponseObject, ResponsesUsage } from '../protocol/responses-object.ts'
import type { ResponsesRequest } from '../protocol/responses-request.ts'
import { begunResponse, type Identity } from './echo.ts'
import { makeOutput } from './output.ts'
import type { EventBody } from './slot.ts'

/** What is known when a response has ended. */
export type Billed = {
  readonly usage: WireUsage
  /** The final `b3iq` object, as chat has it. */
  readonly b3iq: NonNullable<ResponseObject['b3iq']>
}

export type Ended = Billed & {
  /** In the words of chat. */
  readonly finishReason: string
  readonly endedAtSec: number
}

export type ResponseRun = {
  readonly begin: () => Generator<ResponsesEvent>
  readonly take: (chunk: ChatChunk) => Generator<ResponsesEvent>
  /** The last event is the terminal one. */
  readonly finish: (ended: Ended) => Generator<ResponsesEvent>
  readonly fail: (error: ApiError, billed: Billed | undefined) => Generator<ResponsesEvent>
}

export function makeResponse(request: ResponsesRequest, identity: Identity): ResponseRun {
  const begun = begunResponse(request, identity)
  const output = makeOutput(identity.requestId)
  let sequence = 0
  let hasBegun = false

  function* numbered(bodies: Iterable<EventBody>): Generator<ResponsesEvent> {
    for (const body of bodies) yield { ...body, sequence_number: sequence++ }
  }

  function* begin(): Generator<ResponsesEvent> {
    if (hasBegun) return
    hasBegun = true
    yield* numbered([
      { type: 'response.created', response: begun },
      { type: 'response.in_progress', response: begun },
    ])
  }

  function* take(chunk: ChatChunk): Generator<ResponsesEvent> {
    yield* begin()
    yield* numbered(output.take(chunk))
  }

  function* finish(ended: Ended): Generator<ResponsesEvent> {
    const cut = cutBy(ended.finishReason)
    yield* begin()
    yield* numbered(output.close(cut ? 'incomplete' : 'completed'))
    const response = { ...begun, ...billing(ended), output: output.items() }
    yield* numbered([
      cut
        ? {
            type: 'response.incomplete',
            response: { ...response, status: 'incomplete', incomplete_details: { reason: cut } },
          }
        : {
            type: 'response.completed',
            response: { ...response, status: 'completed', completed_at: ended.endedAtSec },
          },
    ])
  }

  function* fail(error: ApiError, billed: Billed | undefined): Generator<ResponsesEvent> {
    yield* begin()
    output.abandon()
    // The reply's own status went out before this was known.
    const wire = { ...toWireError(error, identity.requestId), status: statusOf(error) }
    const items = output.items()
    if (items.length === 0) yield* numbered([errorEvent(wire)])
    const response = { ...begun, ...(billed ? billing(billed) : {}), output: items }
    const failed = { ...response, status: 'failed' as const, error: faultOf(wire) }
    yield* numbered([{ type: 'response.failed', response: failed }])
  }

  return { begin, take, finish, fail }
}

/** Undefined for an answer that its model brought to its end. */
function cutBy(finishReason: string): 'max_output_tokens' | 'content_filter' | undefined {
  if (finishReason === 'length') return 'max_output_tokens'
  return finishReason === 'content_filter' ? finishReason : undefined
}

const billing = ({ usage, b3iq }: Billed) => ({ usage: usageOf(usage), b3iq })

function usageOf(usage: WireUsage): ResponsesUsage {
  const { cached_tokens } = usage.prompt_tokens_details
  return {
    input_tokens: usage.prompt_tokens,
    input_tokens_details: { cached_tokens, cache_write_tokens: 0 },
    output_tokens: usage.completion_tokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: usage.total_tokens,
  }
}

type FailedError = WireError & { readonly status: number }

/** Flat for the types of the SDKs, nested for their code and for Open Responses. */
const errorEvent = (error: FailedError): EventBody => ({
  type: 'error',
  code: error.code,
  message: error.message,
  param: error.param,
  error,
})

function faultOf({ code, ...error }: FailedError): ResponseFault {
  return { ...error, b3iq_code: code, code: knownCode(error.status) }
}

function knownCode(status: number): ResponseFault['code'] {
  if (status === 429) return 'rate_limit_exceeded'
  return status < 500 ? 'invalid_prompt' : 'server_error'
}
