/**
 * A benchmark's request as a paid one, with the platform as the customer. What the host sends is seen on its
 * way, so that it is clocked as it comes.
 */
import type { Dispatch, DispatchEnd, Seer } from '../benchmark/exchange.ts'
import type { Attempt } from '../dispatch/attempt.ts'
import { keysAfter, type PlatformKeysDeps, platformKeys } from '../keys/platform-keys.ts'
import type { ErrorCode } from '../protocol/errors.ts'
import type { CompleteDeps } from './complete.ts'
import { completeAt } from './complete-at.ts'

export type PayerDeps = CompleteDeps & PlatformKeysDeps

/** Undefined without a key that may pay; answers `unpaid` once none is left that will. */
export async function findPaidDispatch(deps: PayerDeps): Promise<Dispatch | undefined> {
  let keys = await platformKeys(deps)
  if (keys.length === 0) return undefined
  return async ({ candidate, model }, { request, maxTokens, signal }, seer) => {
    const [key] = keys
    if (!key) return { kind: 'failed', reason: 'unpaid' }
    let attempt: Attempt | undefined
    let refusal: ErrorCode | undefined
    const startAttempt: CompleteDeps['startAttempt'] = async (order) => {
      seer.begins()
      attempt = await deps.startAttempt(order)
      return attempt.kind === 'open' ? { ...attempt, events: shown(attempt.events, seer) } : attempt
    }
    const asked = { ...request, max_tokens: maxTokens }
    const question = { request: asked, key, model, candidate, grace: undefined }
    for await (const event of completeAt({ ...deps, startAttempt }, question, signal)) {
      if (event.kind === 'failed') refusal = event.error.code
    }
    if (refusal) keys = keysAfter(keys, { key, code: refusal })
    return endOf(attempt, refusal)
  }
}

type OpenEvents = Extract<Attempt, { kind: 'open' }>['events']

async function* shown(events: OpenEvents, seer: Seer): OpenEvents {
  for await (const event of events) {
    seer.see(event)
    yield event
  }
}

/** Nobody was asked: either the host may not serve at this moment, or nobody could pay. */
function endOf(attempt: Attempt | undefined, refusal: ErrorCode | undefined): DispatchEnd {
  if (attempt?.kind === 'open') return { kind: 'over', ticketHash: attempt.ticketHash }
  if (attempt) return { kind: 'failed', reason: attempt.reason }
  const mayNotServe = refusal === 'no_eligible_host' || refusal === 'upstream_timeout'
  return { kind: 'failed', reason: mayNotServe ? 'refused' : 'unpaid' }
}
