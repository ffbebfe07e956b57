/**
 * A paid chat request from plan to receipt: hold, try hosts until one shows content, relay, settle,
 * and only then the last event. Every way out of here has ended the hold, or leaves it to the
 * sweeper; nothing is charged that was not delivered.
 */
import { type AttemptDeps, startAttempt } from '../dispatch/attempt.ts'
import { hostBody } from '../dispatch/host-body.ts'
import { type ExcludedBy, excludedBy } from '../fleet/blockers.ts'
import { hotBlockers } from '../fleet/gates.ts'
import type { HotItem } from '../fleet/node.ts'
import type { PoolShard } from '../fleet/pool.ts'
import type { FleetStore } from '../fleet/ports.ts'
import type { CustomerKey } from '../keys/api-key.ts'
import type { ChatChunk } from '../protocol/chat-chunk.ts'
import type { ChatRequest } from '../protocol/chat-request.ts'
import type { Random } from '../protocol/clock.ts'
import type { ApiError } from '../protocol/errors.ts'
import type { ReceiptAttempt, ReceiptBody } from '../protocol/receipt.ts'
import { type Plan, planRequest } from './plan.ts'
import { makeRelay, type Relay } from './relay.ts'
import { type Served, type StartedEvent, serveFrom } from './serve.ts'
import {
  type EndedRequest,
  type SettleDeps,
  type Settled,
  settleRequest,
} from './settle-request.ts'
import { type HeldPlan, type TakeHoldDeps, takeHold } from './take-hold.ts'

export type CompleteDeps = AttemptDeps &
  SettleDeps &
  TakeHoldDeps & {
    readonly fleet: Pick<FleetStore, 'readHotItems'>
    readonly random: Random
    /** Longest life of a request, settling included. */
    readonly deadlineMs: number
  }

export type CompleteOrder = {
  readonly holdId: string
  readonly request: ChatRequest
  readonly bodySha256: string
  readonly key: CustomerKey
  readonly shard: PoolShard
  readonly startedAtMs: number
  /** Aborts when the client is known to be gone; on function URLs it never is. */
  readonly clientGone: AbortSignal
}

export type CompletionEvent =
  /** First content is here: what the reply's headers say of the host. */
  | StartedEvent
  | { readonly kind: 'chunk'; readonly chunk: ChatChunk }
  | { readonly kind: 'failed'; readonly error: ApiError; readonly settled: Settled | undefined }
  | {
      readonly kind: 'finished'
      readonly finishReasons: ReadonlyMap<number, string>
      readonly settled: Settled
    }

/** Kept free at the end of the deadline for decision and settlement. */
const settleReserveMsMax = 15_000

export async function* complete(
  deps: CompleteDeps,
  order: CompleteOrder,
): AsyncGenerator<CompletionEvent> {
  const planned = planRequest(order.request, order.key, order.shard, deps.random)
  if (!planned.ok) {
    yield { kind: 'failed', error: planned.error, settled: undefined }
    return
  }
  // The only round trip before the host: the hold, and beside it the candidates' hot items.
  const nodeIds = planned.value.candidates.map((candidate) => candidate.nodeId)
  const [held, hotItems] = await Promise.all([
    takeHold(deps, {
      key: order.key,
      holdId: order.holdId,
      plan: planned.value,
      priceVersion: order.shard.model.version,
      startedAtMs: order.startedAtMs,
    }),
    deps.fleet.readHotItems(nodeIds).catch(() => new Map<string, HotItem>()),
  ])
  if (!held.ok) {
    yield { kind: 'failed', error: held.error, settled: undefined }
    return
  }
  yield* serveHeld(deps, order, held.value, hotItems)
}

async function* serveHeld(
  deps: CompleteDeps,
  order: CompleteOrder,
  { plan, hold }: HeldPlan,
  hotItems: ReadonlyMap<string, HotItem>,
): AsyncGenerator<CompletionEvent> {
  const deadline = startDeadline(deps, order)
  const attempts: ReceiptAttempt[] = []
  const excluded = new Set<ExcludedBy>()
  const salt = deps.ids.token(24)
  let overheadMs: number | undefined
  const settle = (result: ReceiptBody['result'], served?: Served) =>
    settleRequest(deps, endedRequest({ order, plan, hold, attempts, salt }, result, served))
  try {
    for (const candidate of plan.candidates) {
      const closed = hotBlockers(hotItems.get(candidate.nodeId), candidate, deps.nowMs())
      for (const reason of closed.map(excludedBy)) if (reason) excluded.add(reason)
      if (closed.length > 0 || deadline.signal.aborted) continue
      const relay = makeRelay({
        requestId: order.holdId,
        createdSec: Math.floor(order.startedAtMs / 1000),
        model: order.shard.model.id,
        choices: plan.choices,
      })
      overheadMs ??= deps.nowMs() - order.startedAtMs
      const attempt = await startAttempt(deps, {
        candidate,
        holdId: order.holdId,
        attempt: attempts.length + 1,
        path: '/v1/chat/completions',
        body: hostBody(order.request, {
          kind: candidate.runtimeKind,
          model: order.shard.model.id,
          maxTokens: plan.windowTokens,
        }),
        maxTokens: plan.windowTokens,
        choices: plan.choices,
        priceVersion: order.shard.model.version,
        signal: deadline.signal,
      })
      const at = { node_id: candidate.nodeId, ticket_hash: attempt.ticketHash }
      if (attempt.kind === 'failed') {
        attempts.push({ ...at, outcome: attempt.reason })
        continue
      }
      const started = { kind: 'started', candidate, retries: attempts.length, overheadMs } as const
      const served = yield* serveFrom({ attempt, relay, candidate, started, nowMs: deps.nowMs })
      attempts.push({ ...at, outcome: served.delivered ? 'served' : served.end })
      if (!served.delivered) continue
      const reason = stopReason(deadline, order)
      const settled = await settle(resultOf(served, reason, relay), served)
      yield lastEvent(served, settled, { reason, choices: plan.choices })
      return
    }
    const reason = stopReason(deadline, order)
    const error = failureOf(attempts, excluded, reason)
    const result = { status: 'failed', finish_reason: null, error: reason ?? error.code } as const
    const settled = await settle(result)
    yield { kind: 'failed', error, settled }
  } finally {
    deadline.stop()
  }
}

type StopReason = 'client_gone' | 'deadline' | undefined

function startDeadline(deps: CompleteDeps, order: CompleteOrder) {
  const controller = new AbortController()
  const stopped = new AbortController()
  const reserveMs = Math.min(settleReserveMsMax, Math.floor(deps.deadlineMs / 5))
  const leftMs = order.startedAtMs + deps.deadlineMs - reserveMs - deps.nowMs()
  void deps.sleep(Math.max(0, leftMs), stopped.signal).then(() => {
    if (!stopped.signal.aborted) controller.abort()
  })
  return {
    signal: AbortSignal.any([controller.signal, order.clientGone]),
    isOver: () => controller.signal.aborted,
    stop: () => stopped.abort(),
  }
}

function stopReason(deadline: { isOver: () => boolean }, order: CompleteOrder): StopReason {
  if (order.clientGone.aborted) return 'client_gone'
  return deadline.isOver() ? 'deadline' : undefined
}

function resultOf(served: Served, reason: StopReason, relay: Relay): ReceiptBody['result'] {
  const finishReason = relay.totals().finishReasons.get(0) ?? null
  if (served.end === 'finished') {
    return { status: 'completed', finish_reason: finishReason, error: null }
  }
  return { status: 'partial', finish_reason: null, error: reason ?? errorCodeOf(served) }
}

function lastEvent(
  served: Served,
  settled: Settled | undefined,
  { reason, choices }: { readonly reason: StopReason; readonly choices: number },
): CompletionEvent {
  if (!settled) {
    return { kind: 'failed', error: { code: 'ledger_unavailable' }, settled: undefined }
  }
  const finishReasons = served.totals.finishReasons
  if (served.end === 'finished') return { kind: 'finished', finishReasons, settled }
  // Reaching our own deadline is a length that the gateway set, not a failure.
  if (reason === 'deadline') {
    const cut = Array.from({ length: choices }, (_, index) => [index, 'length'] as const)
    return { kind: 'finished', finishReasons: new Map([...cut, ...finishReasons]), settled }
  }
  return { kind: 'failed', error: { code: errorCodeOf(served) }, settled }
}

const errorCodeOf = ({ end }: Served) =>
  end === 'timed_out' ? 'upstream_timeout' : 'upstream_error'

/** Nobody delivered: the most telling reason wins. */
function failureOf(
  attempts: readonly ReceiptAttempt[],
  excluded: ReadonlySet<ExcludedBy>,
  reason: StopReason,
): ApiError {
  if (reason === 'deadline') return { code: 'upstream_timeout' }
  const outcomes = attempts.map((attempt) => attempt.outcome)
  if (outcomes.length === 0) {
    return {
      code: 'no_eligible_host',
      retryAfterSec: 15,
      detail: { availability: { code: 'no_eligible_host', excluded_by: [...excluded] } },
    }
  }
  if (outcomes.every((outcome) => outcome === 'busy')) {
    return { code: 'capacity_exhausted', retryAfterSec: 5 }
  }
  return { code: outcomes.includes('timed_out') ? 'upstream_timeout' : 'upstream_error' }
}

function endedRequest(
  run: {
    readonly order: CompleteOrder
    readonly plan: Plan
    readonly hold: HeldPlan['hold']
    readonly attempts: readonly ReceiptAttempt[]
    readonly salt: string
  },
  result: ReceiptBody['result'],
  served: Served | undefined,
): EndedRequest {
  const { order } = run
  return {
    holdId: order.holdId,
    accountId: order.key.accountId,
    keyId: order.key.keyId,
    startedAtMs: order.startedAtMs,
    bodySha256: order.bodySha256,
    salt: run.salt,
    shard: order.shard,
    plan: run.plan,
    hold: run.hold,
    attempts: run.attempts,
    result,
    firstContentAtMs: served?.firstContentAtMs,
    delivery: served && {
      candidate: served.candidate,
      totals: served.totals,
      claim: served.claim,
    },
  }
}
