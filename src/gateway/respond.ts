/** The HTTP reply to an order that runs: its status and headers as late as they can be, then its answer. */
import { errorResponse, resultResponse } from '../http/respond.ts'
import { faultOf } from '../http/surface.ts'
import type { CustomerKey } from '../keys/api-key.ts'
import { durationMs } from '../protocol/clock.ts'
import { ok } from '../protocol/result.ts'
import type { AnswerForm, FailedEvent, JsonAnswer } from './answer-form.ts'
import { firstPingMs, readToEnd, settledWithin, toSseBody } from './answer-stream.ts'
import { type CompleteOrder, complete } from './complete.ts'
import type { CompletionEvent } from './completion-event.ts'
import { counted } from './count-request.ts'
import type { GatewayDeps } from './deps.ts'
import { rateLimitHeaders } from './rate-limit-headers.ts'
import type { RelayIdentity } from './relay.ts'
import type { StartedEvent } from './serve.ts'
import type { Summary } from './settle-request.ts'
import { formFailed } from './stop.ts'
import type { SeenLimits } from './take-hold.ts'

/** An order with the form of its answer, and whom to tell when its client has gone. */
export type Ordered = {
  readonly order: CompleteOrder
  readonly form: AnswerForm
  readonly onClientGone: (why?: typeof formFailed) => void
}

type Run = Ordered & {
  readonly identity: RelayIdentity
  readonly events: AsyncGenerator<CompletionEvent>
  /** Of the key's limits, as far as they are known by then. */
  readonly limitHeaders: () => Record<string, string>
}

export function respond(deps: GatewayDeps, ordered: Ordered): Promise<Response> {
  const { order, form } = ordered
  const identity: RelayIdentity = {
    requestId: order.holdId,
    createdSec: Math.floor(order.startedAtMs / 1000),
    model: order.shard.model.id,
    choices: order.work.choices,
  }
  let limits: SeenLimits = { key: order.key, counters: undefined }
  const watched: CompleteOrder = {
    ...order,
    onCounters: (seen) => {
      limits = seen
    },
  }
  const limitHeaders = () => {
    const at = { startedAtMs: order.startedAtMs, nowMs: deps.nowMs() }
    return rateLimitHeaders(limits.key, limits.counters, at)
  }
  const events = counted(deps, watched, (told) => guarded(deps, complete(deps, told), order.holdId))
  const run = { ...ordered, identity, events, limitHeaders }
  return form.isStream ? streamResponse(deps, run) : jsonResponse(deps, run)
}

/** The status waits for first content, or for the first ping, whichever is needed sooner. */
async function streamResponse(deps: GatewayDeps, run: Run): Promise<Response> {
  const { order, identity, events, form, onClientGone } = run
  const first = events.next()
  const isSettled = (await settledWithin(first, firstPingMs, deps.startTimer)) === 'settled'
  const event = isSettled ? (await first).value : undefined
  if (event?.kind === 'failed') {
    await events.return(undefined)
    return failedResponse(event, run)
  }
  const body = toSseBody(startingWith(first, events), {
    framesOf: form.makeFrames(identity),
    pingInMs: isSettled ? firstPingMs : 0,
    startTimer: deps.startTimer,
    onClientGone,
  })
  return new Response(body, {
    headers: {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      ...commonHeaders(deps, run),
      ...(event?.kind === 'started' ? routeHeaders(event, order.key) : {}),
    },
  })
}

async function jsonResponse(deps: GatewayDeps, run: Run): Promise<Response> {
  const { order } = run
  const answer = await toWholeAnswer(run)
  if (answer.kind === 'failed') return failedResponse(answer.event, run)
  const headers = {
    ...commonHeaders(deps, run),
    ...(answer.started ? routeHeaders(answer.started, order.key) : {}),
    ...moneyHeaders(answer.finished.settled.summary),
  }
  if (!answer.plain) return resultResponse(ok(answer.body), order.holdId, headers)
  const { contentType, text } = answer.plain
  return new Response(text, {
    headers: {
      ...headers,
      ...saltHeader(answer.finished.settled.summary),
      'content-type': contentType,
      'cache-control': 'no-store',
    },
  })
}

/** A fault of the form leaves the events to be read to their end, where the request is settled. */
export async function toWholeAnswer({
  form,
  events,
  identity,
  onClientGone,
}: Pick<Run, 'events' | 'identity' | 'onClientGone'> & {
  readonly form: Pick<AnswerForm, 'toJson'>
}): Promise<JsonAnswer> {
  const unended = { next: () => events.next(), [Symbol.asyncIterator]: () => unended }
  try {
    const answer = await form.toJson(unended, identity)
    // The last event was read: what waited beside the request is let go.
    await events.return(undefined)
    return answer
  } catch (fault) {
    onClientGone(formFailed)
    await readToEnd(events)
    throw fault
  }
}

function failedResponse({ error, settled }: FailedEvent, { order, limitHeaders }: Run): Response {
  const receipt = settled ? { receipt_hash: settled.receipt.receipt_hash } : {}
  const told = { ...error, detail: { ...error.detail, ...receipt } }
  return errorResponse(told, order.holdId, limitHeaders())
}

/** A fault of ours ends the events as an error, so that no reply is ever cut without a word. */
async function* guarded(
  deps: GatewayDeps,
  events: AsyncGenerator<CompletionEvent>,
  requestId: string,
): AsyncGenerator<CompletionEvent> {
  try {
    yield* events
  } catch (error) {
    deps.log('completion_failed', { requestId, ...faultOf(error) })
    yield { kind: 'failed', error: { code: 'internal_error' }, settled: undefined }
  }
}

/** The iterator again, with the step that was already asked for in front. */
function startingWith<T>(
  first: Promise<IteratorResult<T>>,
  rest: AsyncGenerator<T>,
): AsyncIterator<T> {
  let isFirst = true
  const next = () => {
    if (!isFirst) return rest.next()
    isFirst = false
    return first
  }
  return { next }
}

function commonHeaders(deps: GatewayDeps, { order, limitHeaders }: Run): Record<string, string> {
  return {
    'x-request-id': order.holdId,
    'openai-processing-ms': String(durationMs(order.startedAtMs, deps.nowMs())),
    'x-b3iq-router-dispatch-mode': 'routed',
    ...limitHeaders(),
  }
}

function routeHeaders(
  { candidate, retries, overheadMs }: StartedEvent,
  key: CustomerKey,
): Record<string, string> {
  return {
    'x-b3iq-route-tier': candidate.routeTier,
    'x-b3iq-trust-tier': candidate.trustTier,
    'x-b3iq-decision': `${candidate.profileId}@${candidate.routeTier}`,
    'x-b3iq-retries': String(retries),
    'x-b3iq-overhead-ms': String(overheadMs),
    ...(key.policy.exposes_node_id ? { 'x-b3iq-router-node-id': candidate.nodeId } : {}),
  }
}

/** What opens the receipt, for whoever gets no `b3iq` object. */
const saltHeader = ({ salt }: Summary): Record<string, string> =>
  salt === null ? {} : { 'x-b3iq-salt': salt }

function moneyHeaders(summary: Summary): Record<string, string> {
  return {
    'x-b3iq-receipt-hash': summary.receipt_hash,
    'x-b3iq-cost-usd': summary.cost_usd,
    'x-b3iq-benchmark-cost': summary.benchmark_cost_usd,
    'x-b3iq-customer-charge': summary.cost_usd,
    'x-b3iq-saved': summary.saved_usd,
  }
}
