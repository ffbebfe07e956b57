/**
 * A held request at its hosts: one after the other until one shows content, or has the whole answer where
 * it is not streamed; at most as many as the plan names. Nothing ends before the receipt stands, and
 * whoever failed is counted on the way out.
 */
import {
  type Attempt,
  type AttemptOrder,
  attemptTimers,
  type Dispatched,
} from '../dispatch/attempt.ts'
import type { CancelOutcome } from '../dispatch/cancel.ts'
import type { HotItem } from '../fleet/node.ts'
import type { Candidate, PoolShard } from '../fleet/pool.ts'
import type { FleetStore } from '../fleet/ports.ts'
import type { CustomerKey } from '../keys/api-key.ts'
import { durationMs, type Ids, type Random, type Sleep } from '../protocol/clock.ts'
import type { ReceiptAttempt, ReceiptBody } from '../protocol/receipt.ts'
import { newSalt } from '../receipts/make-receipt.ts'
import type { BreakerStore } from '../routing/ports.ts'
import { type Verified, verify } from '../routing/verify.ts'
import type { CancelWatch } from './cancel-watch.ts'
import type { CompletionEvent } from './completion-event.ts'
import { type CountDeps, makeRequestCount } from './count-tokens.ts'
import { makeNotes } from './notes.ts'
import { failureOf, lastEvent, resultOf } from './outcome.ts'
import { isStillOpen, type PauseDeps, pauseKnownForMs } from './paused.ts'
import type { Plan } from './plan.ts'
import type { RelayIdentity } from './relay.ts'
import { type Served, serveFrom } from './serve.ts'
import {
  type Delivery,
  type EndedRequest,
  type SettleDeps,
  type Settlement,
  settleRequest,
} from './settle-request.ts'
import { watchStops } from './stop.ts'
import type { HeldPlan } from './take-hold.ts'
import type { Work } from './work.ts'

export type TryHostsDeps = SettleDeps &
  PauseDeps &
  CountDeps & {
    readonly ids: Ids
    /** One attempt at one host: its ticket, its proof, its events (`src/dispatch`). */
    readonly startAttempt: (order: AttemptOrder) => Promise<Attempt>
    /** Tells the host of a dispatch to stop and to sign for what it delivered. */
    readonly cancelDispatch: (dispatched: Dispatched) => Promise<CancelOutcome>
    /** Hears of a request that its customer cancelled, whichever process was told. */
    readonly watchCancel: CancelWatch
    readonly breakers: BreakerStore
    readonly fleet: Pick<FleetStore, 'readHotItems' | 'recordProbe'>
    readonly random: Random
    readonly sleep: Sleep
    /** Longest life of a request, settling included. */
    readonly deadlineMs: number
  }

/** What hosts are asked, for whom, and until when. */
export type HostsOrder = {
  readonly holdId: string
  readonly work: Work
  readonly bodySha256: string
  readonly key: CustomerKey
  readonly shard: PoolShard
  readonly startedAtMs: number
  /** Settling included; at most what the stage allows, which is what it is without a word of it. */
  readonly deadlineMs?: number
  /** Aborts when the client is known to be gone; on function URLs it never is. */
  readonly clientGone: AbortSignal
  /** Told before the last event. */
  readonly onSettled?: ((told: Settlement) => void) | undefined
}

/**
 * A long prompt has to be read before there is a first word, and nobody is to blame for that; but no
 * customer waits long for a host that failed so often that this is its trial.
 */
function patienceMs(plan: Plan, { isTrial }: Verified): number {
  // Images and recordings take as long as they take, and nothing of them is seen before.
  if (plan.units) return patienceMsMax
  const baseMs = isTrial ? 10_000 : attemptTimers.firstContentTimeoutMs
  const longTokens = Math.max(0, plan.promptTokensMax - usualPromptTokens)
  return Math.min(baseMs + Math.ceil(longTokens * msPerPromptToken), patienceMsMax)
}

const usualPromptTokens = 8_192
/** The slowest reading that is still of use, for a bound that is some times the real number. */
const msPerPromptToken = 0.5
const patienceMsMax = 120_000

type CountedServe = Served & Pick<Delivery, 'count'>

export async function* tryHosts(
  deps: TryHostsDeps,
  order: HostsOrder,
  { plan, hold }: HeldPlan,
  hotItems: ReadonlyMap<string, HotItem>,
): AsyncGenerator<CompletionEvent> {
  const cancel = deps.watchCancel(order.holdId, order.key.keyId)
  const { deadlineMs = deps.deadlineMs } = order
  const stop = watchStops({ ...deps, deadlineMs }, { ...order, cancelled: cancel.signal })
  const moment = { nowMs: deps.nowMs(), grace: order.shard.grace }
  const { alive, excluded } = verify(plan.candidates, hotItems, moment)
  const samples = order.work.samplesLogprobs(deps.random)
  const overheadMs = durationMs(order.startedAtMs, deps.nowMs())
  const attempts: ReceiptAttempt[] = []
  const busy: Candidate[] = []
  const notes = makeNotes(deps)
  const salt = newSalt(deps.ids)
  const { isStreamed } = order.work
  const counting = makeRequestCount(deps, order)
  const settle = async (result: ReceiptBody['result'], served?: CountedServe) => {
    const ended = endedRequest({ order, plan, hold, attempts, salt }, result, served)
    const { firstContentAtMs } = ended
    const tell = (settled: Settlement['settled']) =>
      order.onSettled?.({ attempts, firstContentAtMs, result, settled })
    try {
      const [settled] = await Promise.all([settleRequest(deps, ended), notes.written()])
      tell(settled)
      return settled
    } catch (fault) {
      // Whether the hold was decided is as unknown as where the ledger does not answer.
      tell(undefined)
      throw fault
    }
  }
  try {
    for (const verified of alive) {
      const { candidate, isTrial } = verified
      // Not only once the host before is cut off: nobody is dialled for a request that has to stop.
      if (stop.reason() !== undefined) break
      const ageMs = durationMs(order.startedAtMs, deps.nowMs())
      const isLate = attempts.length > 0 || ageMs > pauseKnownForMs
      if (isLate && !(await isStillOpen(deps, candidate, order))) {
        excluded.add('incident')
        continue
      }
      if (isTrial && !(await notes.takeTrial(verified))) {
        excluded.add('queue_unhealthy')
        continue
      }
      // Before it is dialled: no host chooses how much time there is to count the prompt.
      const count = counting.startFor(candidate)
      const startedAtMs = deps.nowMs()
      const attempt = await deps.startAttempt({
        ...attemptTerms(order, plan, { candidate, samplesLogprobs: samples }),
        attempt: attempts.length + 1,
        signal: stop.signal,
        firstContentTimeoutMs: patienceMs(plan, verified),
      })
      const at = { node_id: candidate.nodeId, ticket_hash: attempt.ticketHash }
      if (attempt.kind === 'failed') {
        attempts.push({ ...at, outcome: attempt.reason })
        notes.ended(verified, attempt.reason, { isServed: false, startedAtMs })
        if (attempt.reason === 'busy') busy.push(attempt.candidate)
        continue
      }
      notes.proven(verified, attempt)
      stop.tellFirst(() => deps.cancelDispatch(attempt))
      const relay = order.work.relay(identityOf(order, plan), count?.observe)
      const started = { kind: 'started', candidate, retries: attempts.length, overheadMs } as const
      const served = yield* serveFrom({ attempt, relay, candidate, started, nowMs: deps.nowMs })
      const reason = stop.reason()
      // Whom we cut off did not fail.
      const end = reason === undefined || served.end === 'finished' ? served.end : 'aborted'
      const isAnswer =
        served.delivered && (isStreamed || reason !== undefined || end === 'finished')
      attempts.push({ ...at, outcome: isAnswer ? 'served' : end })
      notes.ended(verified, end, { isServed: isAnswer, startedAtMs })
      if (!isAnswer) {
        // Of an answer that is given as a whole nobody has seen the part that there was.
        count?.giveUp()
        if (served.delivered) yield { kind: 'withdrawn' }
        stop.tellFirst(undefined)
        continue
      }
      const settled = await settle(resultOf(served, reason, relay), { ...served, count })
      yield lastEvent(served, settled, { reason, choices: plan.choices })
      return
    }
    const reason = stop.reason()
    const error = failureOf({ attempts, excluded, reason, busy })
    const result = { status: 'failed', finish_reason: null, error: reason ?? error.code } as const
    yield { kind: 'failed', error, settled: await settle(result) }
  } finally {
    counting.giveUp()
    stop.end()
    cancel.end()
  }
}

function attemptTerms(
  order: HostsOrder,
  plan: Plan,
  to: Pick<Verified, 'candidate'> & { readonly samplesLogprobs: boolean },
) {
  const { model } = order.shard
  // A ticket is for one token at the least, and what answers without any has no use for it.
  const maxTokens = Math.max(1, plan.windowTokens)
  const { candidate, samplesLogprobs } = to
  const terms = { model: model.id, maxTokens, samplesLogprobs }
  const { bytes: body, contentType } = order.work.hostBody(candidate, terms)
  return {
    candidate,
    holdId: order.holdId,
    path: order.work.path,
    body,
    contentType,
    maxTokens,
    choices: plan.choices,
    priceVersion: model.version,
  } as const
}

function identityOf(order: HostsOrder, plan: Plan): RelayIdentity {
  return {
    requestId: order.holdId,
    createdSec: Math.floor(order.startedAtMs / 1000),
    model: order.shard.model.id,
    choices: plan.choices,
    showsLogprobs: order.work.showsLogprobs,
  }
}

function endedRequest(
  run: {
    readonly order: HostsOrder
    readonly plan: Plan
    readonly hold: HeldPlan['hold']
    readonly attempts: readonly ReceiptAttempt[]
    readonly salt: string
  },
  result: ReceiptBody['result'],
  served: CountedServe | undefined,
): EndedRequest {
  const { order } = run
  return {
    holdId: order.holdId,
    accountId: order.key.accountId,
    keyId: order.key.keyId,
    startedAtMs: order.startedAtMs,
    bodySha256: order.bodySha256,
    salt: run.salt,
    stop: order.work.stop,
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
      count: served.count,
    },
  }
}
