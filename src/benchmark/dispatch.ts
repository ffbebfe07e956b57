/**
 * How a benchmark's requests reach their host: as ordinary dispatches, paid for by the platform where it
 * can, and without payment where it cannot.
 */
import { type AttemptDeps, startAttempt } from '../dispatch/attempt.ts'
import { hostBody } from '../dispatch/host-body.ts'
import { chunkText } from '../protocol/chat-chunk.ts'
import type { DocumentRequest } from '../protocol/document-request.ts'
import type { DocumentDispatch } from './document-dispatch.ts'
import type { Dispatch, DispatchEnd, Seer } from './exchange.ts'

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
    for await (const batch of attempt.events) {
      for (const event of batch) {
        if (event.kind === 'chunk' && chunkText(event.chunk) !== '') attempt.contentBegan()
        seer.see(event)
      }
    }
    return { kind: 'over', ticketHash: attempt.ticketHash }
  }

/** `hostBody`: the request as hosts are sent it for customers. */
export const makeUnpaidDocuments =
  (
    deps: AttemptDeps & {
      readonly hostBody: (
        request: DocumentRequest,
        model: string,
      ) => Promise<{ readonly bytes: Buffer; readonly contentType: string }>
    },
  ): DocumentDispatch =>
  async ({ candidate, model }, { request, signal }, seer) => {
    const body = await deps.hostBody(request, model.id)
    seer.begins()
    const attempt = await startAttempt(deps, {
      candidate,
      holdId: deps.ids.ulid(deps.nowMs()),
      attempt: 1,
      path: request.path,
      body: body.bytes,
      contentType: body.contentType,
      maxTokens: 1,
      choices: 1,
      priceVersion: model.version,
      signal,
    })
    if (attempt.kind === 'failed') return { kind: 'failed', reason: attempt.reason }
    for await (const batch of attempt.events) for (const event of batch) seer.see(event)
    return { kind: 'over', ticketHash: attempt.ticketHash }
  }

type Carry<Whom, Order> = (target: Whom, order: Order, seer: Seer) => Promise<DispatchEnd>

/** What nobody pays for goes without: evidence is worth more to a host. `isPaid`: all of it was paid for. */
export function payWherePossible<Whom, Order>(
  paid: Carry<Whom, Order> | undefined,
  unpaid: Carry<Whom, Order>,
) {
  let isPaid = paid !== undefined
  const dispatch: Carry<Whom, Order> = async (target, order, seer) => {
    const end = await paid?.(target, order, seer)
    if (end && (end.kind === 'over' || end.reason !== 'unpaid')) return end
    isPaid = false
    return unpaid(target, order, seer)
  }
  return { dispatch, isPaid: () => isPaid }
}
