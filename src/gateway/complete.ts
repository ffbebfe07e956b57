/**
 * A paid request from plan to receipt: hold, try hosts until one shows content, relay, settle,
 * and only then the last event. Every way out of here has ended the hold, or leaves it to the
 * sweeper; nothing is charged that was not delivered.
 */
import type { HotItem } from '../fleet/node.ts'
import type { IdempotencyClaim } from '../ledger/ports.ts'
import type { Random } from '../protocol/clock.ts'
import type { Result } from '../protocol/result.ts'
import type { CompletionEvent } from './completion-event.ts'
import type { Plan } from './plan.ts'
import type { Quote } from './quote-token.ts'
import { underQuote } from './quoted.ts'
import { type TakeHoldDeps, takeHold } from './take-hold.ts'
import { type HostsOrder, type TryHostsDeps, tryHosts } from './try-hosts.ts'

export type CompleteDeps = TryHostsDeps & TakeHoldDeps

export type CompleteOrder = HostsOrder & {
  readonly claim: IdempotencyClaim | undefined
  /** By which an SDK's own retry of it is recognised. */
  readonly retryTag?: string | undefined
  /** Under which it was sent, with the shard's prices locked by it. */
  readonly quote?: Quote | undefined
}

export async function* complete(
  deps: CompleteDeps,
  order: CompleteOrder,
): AsyncGenerator<CompletionEvent> {
  const planned = planOf(order, deps.random)
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
      retryTag: order.retryTag,
    }),
    deps.fleet.readHotItems(nodeIds).catch(() => new Map<string, HotItem>()),
  ])
  if (!held.ok) {
    yield { kind: 'failed', error: held.error, settled: undefined }
    return
  }
  yield* tryHosts(deps, order, held.value, hotItems)
}

function planOf({ work, shard, quote }: CompleteOrder, random: Random): Result<Plan> {
  const plan = work.plan(shard, random)
  return plan.ok && quote ? underQuote(quote, plan.value) : plan
}
