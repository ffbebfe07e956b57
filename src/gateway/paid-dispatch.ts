/**
 * A benchmark's request as a paid one, with the platform as the customer. What the host sends is seen on its
 * way, so that it is clocked as it comes.
 */
import type { DocumentDispatch } from '../benchmark/document-dispatch.ts'
import type { Dispatch, DispatchEnd, Seer, Target } from '../benchmark/exchange.ts'
import type { Attempt } from '../dispatch/attempt.ts'
import type { CustomerKey } from '../keys/api-key.ts'
import { keysAfter, type PlatformKeysDeps, platformKeys } from '../keys/platform-keys.ts'
import { assert } from '../protocol/assert.ts'
import { sha256Hex } from '../protocol/canonical.ts'
import type { ErrorCode } from '../protocol/errors.ts'
import { chatWork } from './chat-work.ts'
import type { CompleteDeps } from './complete.ts'
import { type WorkAt, workAt } from './complete-at.ts'
import { documentOrder } from './document-orders.ts'
import { documentWork } from './document-work.ts'

export type PayerDeps = CompleteDeps & PlatformKeysDeps

type Paid = (
  of: Pick<Target, 'candidate' | 'model'> & {
    readonly signal: AbortSignal
    readonly seer: Seer
    readonly workFor: (key: CustomerKey) => Pick<WorkAt, 'work' | 'bodySha256'>
  },
) => Promise<DispatchEnd>

/** Undefined without a key that may pay; answers `unpaid` once none is left that will. */
export async function findPaidDispatch(deps: PayerDeps): Promise<Dispatch | undefined> {
  const pay = await findPayer(deps)
  if (!pay) return undefined
  return (target, { request, maxTokens, signal }, seer) => {
    const asked = { ...request, max_tokens: maxTokens }
    const bodySha256 = sha256Hex(JSON.stringify(asked))
    const workFor = (key: CustomerKey) => ({ work: chatWork(asked, key, deps.random), bodySha256 })
    return pay({ ...target, signal, seer, workFor })
  }
}

/** The same for requests whose answer is a document; one that cannot be served is a bug of who asks. */
export async function findPaidDocuments(deps: PayerDeps): Promise<DocumentDispatch | undefined> {
  const pay = await findPayer(deps)
  if (!pay) return undefined
  return async (target, { request, signal }, seer) => {
    const order = documentOrder(request)
    assert(order.ok, 'a benchmark asks what can be asked', { path: request.path })
    const bodySha256 = sha256Hex(order.value.hostBody(target.model.id).bytes)
    const workFor = (key: CustomerKey) => ({
      work: documentWork(order.value, key, deps.random),
      bodySha256,
    })
    return pay({ ...target, signal, seer, workFor })
  }
}

async function findPayer(deps: PayerDeps): Promise<Paid | undefined> {
  let keys = await platformKeys(deps)
  if (keys.length === 0) return undefined
  return async ({ candidate, model, signal, seer, workFor }) => {
    const [key] = keys
    if (!key) return { kind: 'failed', reason: 'unpaid' }
    let attempt: Attempt | undefined
    let refusal: ErrorCode | undefined
    const startAttempt: CompleteDeps['startAttempt'] = async (order) => {
      seer.begins()
      attempt = await deps.startAttempt(order)
      return attempt.kind === 'open' ? { ...attempt, events: shown(attempt.events, seer) } : attempt
    }
    const question = { ...workFor(key), key, model, candidate, grace: undefined }
    for await (const event of workAt({ ...deps, startAttempt }, question, signal)) {
      if (event.kind === 'failed') refusal = event.error.code
    }
    if (refusal) keys = keysAfter(keys, { key, code: refusal })
    return endOf(attempt, refusal)
  }
}

type OpenEvents = Extract<Attempt, { kind: 'open' }>['events']

async function* shown(events: OpenEvents, seer: Seer): OpenEvents {
  for await (const batch of events) {
    for (const event of batch) seer.see(event)
    yield batch
  }
}

/** Refusals that speak of the host, and not of who pays. */
const ofTheHost: ReadonlySet<ErrorCode> = new Set([
  'no_eligible_host',
  'upstream_timeout',
  'incident_paused',
])

/** Nobody was asked: either the host may not serve at this moment, or nobody could pay. */
function endOf(attempt: Attempt | undefined, refusal: ErrorCode | undefined): DispatchEnd {
  if (attempt?.kind === 'open') return { kind: 'over', ticketHash: attempt.ticketHash }
  if (attempt) return { kind: 'failed', reason: attempt.reason }
  const mayNotServe = refusal !== undefined && ofTheHost.has(refusal)
  return { kind: 'failed', reason: mayNotServe ? 'refused' : 'unpaid' }
}
