/**
 * A paid chat request from plan to receipt: hold, try hosts until one shows content, relay, settle,
 * and only then the last event. Every way out of here has ended the hold, or leaves it to the
 * sweeper; nothing is charged that was not delivered.
 */
import type { Attempt, AttemptOrder } from '../dispatch/attempt.ts'
import { hostBody, samplesLogprobs, wantsLogprobs } from '../dispatch/host-body.ts'
import { recordLiveProof } from '../dispatch/live-proof.ts'
import { excludedBy } from '../fleet/blockers.ts'
import { hotBlockers, type Moment } from '../fleet/gates.ts'
import type { HotItem } from '../fleet/node.ts'
import type { PoolShard } from '../fleet/pool.ts'
import type { FleetStore } from '../fleet/ports.ts'
import type { CustomerKey } from '../keys/api-key.ts'
import type { IdempotencyClaim } from '../ledger/ports.ts'
import type { ChatRequest } from '../protocol/chat-request.ts'
import { durationMs, type Ids, type Random } from '../protocol/clock.ts'
import type { ReceiptAttempt, ReceiptBody } from '../protocol/receipt.ts'
import { newSalt } from '../receipts/make-receipt.ts'
import type { PricedCandidate } from '../routing/choose.ts'
import type { CompletionEvent } from './completion-event.ts'
import { startDeadline } from './deadline.ts'
import { failureOf, lastEvent, resultOf } from './outcome.ts'
import { type Plan, planRequest } from './plan.ts'
import { makeRelay, type RelayIdentity } from './relay.ts'
import { type Served, serveFrom } from './serve.ts'
import { type EndedRequest, type SettleDeps, settleRequest } from './settle-request.ts'
import { type HeldPlan, type TakeHoldDeps, takeHold } from './take-hold.ts'

export type CompleteDeps = SettleDeps &
  TakeHoldDeps & {
    readonly ids: Ids
    /** One attempt at one host: its ticket, its proof, its events (`src/dispatch`). */
    readonly startAttempt: (order: AttemptOrder) => Promise<Attempt>
    readonly fleet: Pick<FleetStore, 'readHotItems' | 'recordProbe'>
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
  readonly claim: IdempotencyClaim | undefined
  /** Aborts when the client is known to be gone; on function URLs it never is. */
  readonly clientGone: AbortSignal
}

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
      claim: order.claim,
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
  const moment = { nowMs: deps.nowMs(), grace: order.shard.grace }
  const { alive, excluded } = aliveAmong(plan.candidates, hotItems, moment)
  const samples = samplesLogprobs(order.request, deps.random)
  const attempts: ReceiptAttempt[] = []
  const salt = newSalt(deps.ids)
  const settle = (result: ReceiptBody['result'], served?: Served) =>
    settleRequest(deps, endedRequest({ order, plan, hold, attempts, salt }, result, served))
  const overheadMs = durationMs(order.startedAtMs, deps.nowMs())
  try {
    for (const candidate of alive) {
      if (deadline.signal.aborted) break
      const attempt = await deps.startAttempt({
        ...attemptTerms(order, plan, { candidate, samplesLogprobs: samples }),
        attempt: attempts.length + 1,
        signal: deadline.signal,
      })
      const at = { node_id: candidate.nodeId, ticket_hash: attempt.ticketHash }
      if (attempt.kind === 'failed') {
        attempts.push({ ...at, outcome: attempt.reason })
        continue
      }
      const relay = makeRelay(identityOf(order, plan))
      const started = { kind: 'started', candidate, retries: attempts.length, overheadMs } as const
      const served = yield* serveFrom({ attempt, relay, candidate, started, nowMs: deps.nowMs })
      attempts.push({ ...at, outcome: served.delivered ? 'served' : served.end })
      if (!served.delivered) continue
      const reason = deadline.reason()
      const [settled] = await Promise.all([
        settle(resultOf(served, reason, relay), served),
        recordLiveProof(deps, attempt, hotItems.get(candidate.nodeId)),
      ])
      yield lastEvent(served, settled, { reason, choices: plan.choices })
      return
    }
    const reason = deadline.reason()
    const error = failureOf(attempts, excluded, reason)
    const result = { status: 'failed', finish_reason: null, error: reason ?? error.code } as const
    yield { kind: 'failed', error, settled: await settle(result) }
  } finally {
    deadline.stop()
  }
}

/** The pool nominated these; their hot items, read beside the reserve, decide. */
function aliveAmong(
  candidates: readonly PricedCandidate[],
  hotItems: ReadonlyMap<string, HotItem>,
  moment: Moment,
) {
  const judged = candidates.map((candidate) => ({
    candidate,
    closed: hotBlockers(hotItems.get(candidate.nodeId), candidate, moment),
  }))
  return {
    alive: judged.filter(({ closed }) => closed.length === 0).map(({ candidate }) => candidate),
    excluded: new Set(
      judged.flatMap(({ closed }) => closed.flatMap((code) => excludedBy(code) ?? [])),
    ),
  }
}

function attemptTerms(
  order: CompleteOrder,
  plan: Plan,
  to: { readonly candidate: PricedCandidate; readonly samplesLogprobs: boolean },
) {
  const { model } = order.shard
  const maxTokens = plan.windowTokens
  const { candidate } = to
  const { runtimeKind: kind } = candidate
  return {
    candidate,
    holdId: order.holdId,
    path: '/v1/chat/completions',
    body: hostBody(order.request, {
      kind,
      model: model.id,
      maxTokens,
      samplesLogprobs: to.samplesLogprobs,
    }),
    maxTokens,
    choices: plan.choices,
    priceVersion: model.version,
  } as const
}

function identityOf(order: CompleteOrder, plan: Plan): RelayIdentity {
  return {
    requestId: order.holdId,
    createdSec: Math.floor(order.startedAtMs / 1000),
    model: order.shard.model.id,
    choices: plan.choices,
    showsLogprobs: wantsLogprobs(order.request),
  }
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
