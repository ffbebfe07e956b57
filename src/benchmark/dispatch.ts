/**
 * How a benchmark's requests reach their host: as ordinary dispatches, paid for by the platform where it
 * can, and without payment where it cannot.
 */
import { type AttemptDeps, startAttempt } from '../dispatch/attempt.ts'
import { hostBody } from '../dispatch/host-body.ts'
import { chunkText } from '../protocol/chat-chunk.ts'
import type { Dispatch } from './exchange.ts'

export const makeUnpaidDispatch =
  (deps: AttemptDeps): Dispatch =>
  async ({ candidate, model }, { request, maxTokens, signal }, seer) => {
    seer.begins()
    const kind = candidate.runtimeKind
    const attempt = await startAttempt(deps, {
      candidate,
      holdId: deps.ids.ulid(deps.nowMs()),
      attempt: 1,
      path: '/v1/chat/completions',
      body: hostBody(request, { kind, model: model.id, maxTokens }),
      maxTokens,
      choices: 1,
      priceVersion: model.version,
      signal,
    })
    if (attempt.kind === 'failed') return { kind: 'failed', reason: attempt.reason }
    for await (const event of attempt.events) {
      if (event.kind === 'chunk' && chunkText(event.chunk) !== '') attempt.contentBegan()
      seer.see(event)
    }
    return { kind: 'over', ticketHash: attempt.ticketHash }
  }

/** What nobody pays for goes without: evidence is worth more to a host. `isPaid`: all of it was paid for. */
export function payWherePossible(paid: Dispatch | undefined, unpaid: Dispatch) {
  let isPaid = paid !== undefined
  const dispatch: Dispatch = async (target, order, seer) => {
    const end = await paid?.(target, order, seer)
    if (end && (end.kind === 'over' || end.reason !== 'unpaid')) return end
    isPaid = false
    return unpaid(target, order, seer)
  }
  return { dispatch, isPaid: () => isPaid }
}
