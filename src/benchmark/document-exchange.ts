/**
 * One request for a document through the public route, clocked on our side. An answer counts only when
 * it is what its endpoint answers, whole, and the node signed for it.
 */

import { isGenuineClaim, type SignedClaim } from '../protocol/claim.ts'
import type { NowMs } from '../protocol/clock.ts'
import { type Document, type DocumentFacts, documentFacts } from '../protocol/document.ts'
import type { DocumentRequest } from '../protocol/document-request.ts'
import { modalityOf } from '../protocol/host-path.ts'
import type { TokenCounts } from '../protocol/usage.ts'
import type { DocumentDispatch } from './document-dispatch.ts'
import type { Seer, Target, Unanswered } from './exchange.ts'

export type DocumentAnswer = {
  readonly kind: 'answered'
  readonly document: Document
  /** Until all of it was there. */
  readonly totalMs: number
  /** The node's signed word; null where its runtime reports no usage. */
  readonly claimed: TokenCounts | null
}

export type DocumentOutcome =
  | DocumentAnswer
  | { readonly kind: 'failed'; readonly reason: Unanswered['reason'] | 'malformed' }

export async function exchangeDocument(
  deps: { readonly dispatch: DocumentDispatch; readonly nowMs: NowMs },
  target: Target,
  order: { readonly request: DocumentRequest; readonly signal: AbortSignal },
): Promise<DocumentOutcome> {
  const reading = makeReading(deps.nowMs, order.request)
  const dispatched = await deps.dispatch(target, order, reading.seer)
  if (dispatched.kind === 'failed') return dispatched
  const { failure, answer, claim } = reading.seen
  if (failure !== undefined) return { kind: 'failed', reason: failure }
  if (!answer) return { kind: 'failed', reason: 'cut' }
  if (!answer.facts) return { kind: 'failed', reason: 'malformed' }
  const { candidate } = target
  const { ticketHash } = dispatched
  const { outputSha256 } = answer.facts
  const isClaimed = claim && isGenuineClaim(claim, { candidate, ticketHash, outputSha256 })
  if (!isClaimed) return { kind: 'failed', reason: 'unclaimed' }
  const { document, totalMs } = answer
  return { kind: 'answered', document, totalMs, claimed: claim.claim.usage }
}

type Seen = {
  failure?: 'timed_out' | 'host_error'
  answer?: {
    readonly document: Document
    /** Undefined for a document of another kind. */
    readonly facts: DocumentFacts | undefined
    readonly totalMs: number
  }
  claim?: SignedClaim
}

function makeReading(nowMs: NowMs, { path }: DocumentRequest) {
  let startedAtMs = nowMs()
  const seen: Seen = {}
  const seer: Seer = {
    begins: () => {
      startedAtMs = nowMs()
    },
    see: (event) => {
      switch (event.kind) {
        case 'timeout':
          seen.failure ??= 'timed_out'
          return
        case 'error':
          seen.failure ??= 'host_error'
          return
        case 'claim':
          seen.claim = event.claim
          return
        case 'document': {
          const { document } = event
          const totalMs = nowMs() - startedAtMs
          seen.answer = { document, facts: documentFacts(modalityOf[path], document), totalMs }
          return
        }
        case 'chunk':
        case 'done':
      }
    },
  }
  return { seen, seer }
}
