/** `POST /v1/chat/completions`: admit, find the pool, run the completion, answer in its form. */

import type { PoolShard } from '../fleet/pool.ts'
import { parseJson, readBody } from '../http/read-json.ts'
import { errorResponse, resultResponse } from '../http/respond.ts'
import { faultOf } from '../http/surface.ts'
import type { CustomerKey } from '../keys/api-key.ts'
import { InvariantError } from '../protocol/assert.ts'
import { sha256Hex } from '../protocol/canonical.ts'
import { ChatRequest } from '../protocol/chat-request.ts'
import { durationMs } from '../protocol/clock.ts'
import { limits } from '../protocol/limits.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import { affinityOf } from '../routing/affinity.ts'
import { admit, allowsModel } from './admit.ts'
import { toJsonAnswer } from './answer-json.ts'
import { firstPingMs, settledWithin, toSseBody } from './answer-stream.ts'
import { askedDeadlineMs } from './asked-deadline.ts'
import { type CompleteOrder, complete } from './complete.ts'
import type { CompletionEvent } from './completion-event.ts'
import type { GatewayDeps } from './deps.ts'
import type { RelayIdentity } from './relay.ts'
import { repetitionOf } from './repetition.ts'
import { hasHostsFor } from './route-policy.ts'
import type { StartedEvent } from './serve.ts'
import type { Summary } from './settle-request.ts'

export async function chat(deps: GatewayDeps, http: Request, requestId: string): Promise<Response> {
  const startedAtMs = deps.timeOfId(requestId)
  const read = readOrRefuse(deps, requestId)
  const key = await read(() => admit(deps, http.headers, 'inference'))
  if (!key.ok) return errorResponse(key.error, requestId)
  const bytes = await readBody(http, limits.requestBodyBytes)
  if (!bytes.ok) return errorResponse(bytes.error, requestId)
  const request = parseJson(bytes.value, ChatRequest)
  if (!request.ok) return errorResponse(request.error, requestId)
  const deadlineMs = askedDeadlineMs(http.headers, deps.deadlineMs)
  if (!deadlineMs.ok) return errorResponse(deadlineMs.error, requestId)
  const bodySha256 = sha256Hex(bytes.value)
  const sent = { path: '/v1/chat/completions', bodySha256, holdId: requestId, startedAtMs }
  const repetition = await read(() => repetitionOf(deps, http.headers, key.value, sent))
  if (!repetition.ok) return errorResponse(repetition.error, requestId)
  const shard = await read(() => shardFor(deps, request.value, key.value))
  if (!shard.ok) return errorResponse(shard.error, requestId)

  const gone = new AbortController()
  const order: CompleteOrder = {
    holdId: requestId,
    request: request.value,
    bodySha256,
    ...repetition.value,
    deadlineMs: deadlineMs.value,
    key: key.value,
    shard: shard.value,
    startedAtMs,
    clientGone: AbortSignal.any([http.signal, gone.signal]),
  }
  const identity: RelayIdentity = {
    requestId,
    createdSec: Math.floor(startedAtMs / 1000),
    model: shard.value.model.id,
    choices: request.value.n ?? 1,
  }
  const events = guarded(deps, complete(deps, order), requestId)
  return request.value.stream
    ? streamResponse(deps, { order, identity, events, onClientGone: () => gone.abort() })
    : jsonAnswerResponse(deps, { order, identity, events })
}

/** Whoever cannot be read cannot be admitted: a store that is down refuses as the ledger does. */
function readOrRefuse(deps: GatewayDeps, requestId: string) {
  return async <T>(read: () => Promise<Result<T>>): Promise<Result<T>> => {
    try {
      return await read()
    } catch (error) {
      if (error instanceof InvariantError) throw error
      deps.log('store_unreachable', { requestId, ...faultOf(error) })
      return refuse('ledger_unavailable', { retryAfterSec: 5 })
    }
  }
}

async function shardFor(
  deps: GatewayDeps,
  request: ChatRequest,
  key: CustomerKey,
): Promise<Result<PoolShard>> {
  const { model } = request
  const shard = await deps.shards(model, {
    affinity: affinityOf(request, key.accountId),
    suits: hasHostsFor(request, key, deps.random),
  })
  if (!shard) {
    return refuse('model_not_found', {
      param: 'model',
      message: `The model "${model}" is not on sale. GET /v1/models lists those that are.`,
    })
  }
  if (!allowsModel(key, model)) return refuse('model_not_allowed', { param: 'model' })
  return ok(shard)
}

type Run = {
  readonly order: CompleteOrder
  readonly identity: RelayIdentity
  readonly events: AsyncGenerator<CompletionEvent>
}

/** The status waits for first content, or for the first ping, whichever is needed sooner. */
async function streamResponse(
  deps: GatewayDeps,
  run: Run & { readonly onClientGone: () => void },
): Promise<Response> {
  const { order, identity, events } = run
  const first = events.next()
  const isSettled = (await settledWithin(first, firstPingMs, deps.sleep)) === 'settled'
  const event = isSettled ? (await first).value : undefined
  if (event?.kind === 'failed') {
    await events.return(undefined)
    return failedResponse(event, order.holdId)
  }
  const body = toSseBody(startingWith(first, events), {
    identity,
    includeUsage: order.request.stream_options?.include_usage === true,
    pingInMs: isSettled ? firstPingMs : 0,
    sleep: deps.sleep,
    onClientGone: run.onClientGone,
  })
  return new Response(body, {
    headers: {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      ...commonHeaders(deps, order),
      ...(event?.kind === 'started' ? routeHeaders(event, order.key) : {}),
    },
  })
}

async function jsonAnswerResponse(deps: GatewayDeps, run: Run): Promise<Response> {
  const { order, identity, events } = run
  const answer = await toJsonAnswer(events, identity)
  if (answer.kind === 'failed') return failedResponse(answer.event, order.holdId)
  return resultResponse(ok(answer.body), order.holdId, {
    ...commonHeaders(deps, order),
    ...(answer.started ? routeHeaders(answer.started, order.key) : {}),
    ...moneyHeaders(answer.finished.settled.summary),
  })
}

function failedResponse(
  { error, settled }: Extract<CompletionEvent, { kind: 'failed' }>,
  requestId: string,
): Response {
  const receipt = settled ? { receipt_hash: settled.receipt.receipt_hash } : {}
  return errorResponse({ ...error, detail: { ...error.detail, ...receipt } }, requestId)
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

function commonHeaders(deps: GatewayDeps, order: CompleteOrder): Record<string, string> {
  return {
    'x-request-id': order.holdId,
    'openai-processing-ms': String(durationMs(order.startedAtMs, deps.nowMs())),
    'x-b3iq-router-dispatch-mode': 'routed',
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

function moneyHeaders(summary: Summary): Record<string, string> {
  return {
    'x-b3iq-receipt-hash': summary.receipt_hash,
    'x-b3iq-cost-usd': summary.cost_usd,
    'x-b3iq-benchmark-cost': summary.benchmark_cost_usd,
    'x-b3iq-customer-charge': summary.cost_usd,
    'x-b3iq-saved': summary.saved_usd,
  }
}
