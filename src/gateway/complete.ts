/**
 * A paid request from plan to receipt: hold, try hosts until one shows content, relay, settle,
 * and only then the last event. Every way out of here has ended the hold, or leaves it to the
 * sweeper; nothing is charged that was not delivered.
 */
import type { HotItem } from '../fleet/node.ts'
import type { IdempotencyClaim } from '../ledger/ports.ts'
import type { Result } from '../protocol/result.ts'
import type { CompletionEvent } from './completion-event.ts'
import { planUnpaused } from './paused.ts'
import type { Plan } from './plan.ts'
import type { Quote } from './quote-token.ts'
import { underQuote } from './quoted.ts'
import { type SeenLimits, type TakeHoldDeps, takeHold } from './take-hold.ts'
import { type HostsOrder, type TryHostsDeps, tryHosts } from './try-hosts.ts'

export type CompleteDeps = TryHostsDeps & TakeHoldDeps

export type CompleteOrder = HostsOrder & {
  readonly claim: IdempotencyClaim | undefined
  /** By which an SDK's own retry of it is recognised. */
  readonly retryTag?: string | undefined
  /** Told once the reserve has seen them. */
  readonly onCounters?: ((seen: SeenLimits) => void) | undefined
  /** Under which it was sent, with the shard's prices locked by it. */
  readonly quote?: Quote | undefined
}

export async function* complete(
  deps: CompleteDeps,
  order: CompleteOrder,
): AsyncGenerator<CompletionEvent> {
  const planned = await planOf(deps, order)
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
      onCounters: order.onCounters,
    }),
    deps.fleet.readHotItems(nodeIds).catch(() => new Map<string, HotItem>()),
  ])
  if (!held.ok) {
    yield { kind: 'failed', error: held.error, settled: undefined }
    return
  }
  yield* tryHosts(deps, order, held.value, hotItems)
}

async function planOf(deps: CompleteDeps, order: CompleteOrder): Promise<Result<Plan>> {
  const { quote } = order
  const plan = await planUnpaused(deps, order)
  return plan.ok && quote ? underQuote(quote, plan.value) : plan
}
