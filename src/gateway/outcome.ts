/** How a request ended, in the words of its receipt and of its last event. */
import type { ExcludedBy } from '../fleet/blockers.ts'
import type { Candidate } from '../fleet/pool.ts'
import type { ApiError } from '../protocol/errors.ts'
import type { ReceiptAttempt, ReceiptBody } from '../protocol/receipt.ts'
import { slotFreeInSec } from '../routing/slot-free.ts'
import type { CompletionEvent } from './completion-event.ts'
import type { Relay } from './relay.ts'
import type { Served } from './serve.ts'
import type { Settled } from './settle-request.ts'
import type { StopReason } from './stop.ts'

export function resultOf(
  served: Served,
  reason: StopReason | undefined,
  relay: Relay,
): ReceiptBody['result'] {
  const finishReason = relay.totals().finishReasons.get(0) ?? null
  if (served.end === 'finished') {
    return { status: 'completed', finish_reason: finishReason, error: null }
  }
  return { status: 'partial', finish_reason: null, error: reason ?? errorCodeOf(served) }
}

export function lastEvent(
  served: Served,
  settled: Settled | undefined,
  { reason, choices }: { readonly reason: StopReason | undefined; readonly choices: number },
): CompletionEvent {
  if (!settled) {
    return { kind: 'failed', error: { code: 'ledger_unavailable' }, settled: undefined }
  }
  const finishReasons = served.totals.finishReasons
  if (served.end === 'finished') return { kind: 'finished', finishReasons, settled }
  // Who was stopped by our deadline or by its own customer reached a length, and did not fail.
  if (reason === 'deadline' || reason === 'cancelled') {
    const cut = Array.from({ length: choices }, (_, index) => [index, 'length'] as const)
    return { kind: 'finished', finishReasons: new Map([...cut, ...finishReasons]), settled }
  }
  return { kind: 'failed', error: { code: errorCodeOf(served) }, settled }
}

const errorCodeOf = ({ end }: Served) =>
  end === 'timed_out' ? 'upstream_timeout' : 'upstream_error'

/** Nobody delivered: the most telling reason wins. */
export function failureOf(ended: {
  readonly attempts: readonly ReceiptAttempt[]
  readonly excluded: ReadonlySet<ExcludedBy>
  readonly reason: StopReason | undefined
  readonly asked: readonly Candidate[]
}): ApiError {
  const { attempts, excluded, reason } = ended
  if (reason === 'cancelled') return { code: 'request_cancelled' }
  if (reason === 'deadline') return { code: 'upstream_timeout' }
  const outcomes = attempts.map((attempt) => attempt.outcome)
  if (outcomes.length === 0) {
    return {
      code: 'no_eligible_host',
      retryAfterSec: poolPassSec,
      detail: { availability: { code: 'no_eligible_host', excluded_by: [...excluded] } },
    }
  }
  if (outcomes.every((outcome) => outcome === 'busy')) {
    return { code: 'capacity_exhausted', retryAfterSec: slotFreeInSec(ended.asked) }
  }
  return { code: outcomes.includes('timed_out') ? 'upstream_timeout' : 'upstream_error' }
}

/** How often the pool is looked through anew: sooner nobody else will be in it. */
const poolPassSec = 15
