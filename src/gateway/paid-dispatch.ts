/**
 * A benchmark's request as a paid one: the use case of any customer, with the platform as the customer and
 * one host as the pool. What the host sends is seen on its way, so that it is clocked as it comes.
 */
import type { Dispatch, Dispatched, Seer } from '../benchmark/exchange.ts'
import type { Attempt } from '../dispatch/attempt.ts'
import type { CustomerKey, KeyStore } from '../keys/api-key.ts'
import { sha256Hex } from '../protocol/canonical.ts'
import type { ErrorCode } from '../protocol/errors.ts'
import { type CompleteDeps, complete } from './complete.ts'

export type PayerDeps = CompleteDeps & {
  readonly keys: Pick<KeyStore, 'listKeys'>
  /** Whose money pays; undefined until an operator names it. */
  readonly readPlatformAccount: () => Promise<string | undefined>
}

/** Undefined without a key that may pay. */
export async function findPaidDispatch(deps: PayerDeps): Promise<Dispatch | undefined> {
  const accountId = await deps.readPlatformAccount()
  const keys = accountId === undefined ? [] : await deps.keys.listKeys(accountId)
  const key = keys.find(({ status, scopes }) => status === 'active' && scopes.includes('inference'))
  return key && makePaidDispatch(deps, key)
}

function makePaidDispatch(deps: CompleteDeps, key: CustomerKey): Dispatch {
  return async ({ candidate, model }, { request, maxTokens, signal }, seer) => {
    const startedAtMs = deps.nowMs()
    const candidates = [candidate]
    const shard = { model, builtAtMs: startedAtMs, shards: 1, candidates, excludedBy: [] }
    const asked = { ...request, max_tokens: maxTokens }
    let attempt: Attempt | undefined
    let error: ErrorCode | undefined
    const startAttempt: CompleteDeps['startAttempt'] = async (order) => {
      seer.begins()
      attempt = await deps.startAttempt(order)
      return attempt.kind === 'open' ? { ...attempt, events: shown(attempt.events, seer) } : attempt
    }
    const events = complete(
      { ...deps, startAttempt },
      {
        holdId: deps.ids.ulid(startedAtMs),
        request: asked,
        bodySha256: sha256Hex(JSON.stringify(asked)),
        key,
        shard,
        startedAtMs,
        claim: undefined,
        clientGone: signal,
      },
    )
    for await (const event of events) if (event.kind === 'failed') error = event.error.code
    return dispatchedBy(attempt, error)
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
function dispatchedBy(attempt: Attempt | undefined, error: ErrorCode | undefined): Dispatched {
  if (attempt?.kind === 'open') return { kind: 'over', ticketHash: attempt.ticketHash }
  if (attempt) return { kind: 'failed', reason: attempt.reason }
  const mayNotServe = error === 'no_eligible_host' || error === 'upstream_timeout'
  return { kind: 'failed', reason: mayNotServe ? 'refused' : 'unpaid' }
}
