/** How a request ended, in the words of its receipt and of its last event. */
import type { ExcludedBy } from '../fleet/blockers.ts'
import type { Candidate } from '../fleet/pool.ts'
import type { ApiError } from '../protocol/errors.ts'
import type { ReceiptAttempt, ReceiptBody } from '../protocol/receipt.ts'
import { slotFreeInSec } from '../routing/slot-free.ts'
import type { CompletionEvent } from './completion-event.ts'
import type { Served } from './serve.ts'
import type { Settled } from './settle-request.ts'
import type { StopReason } from './stop.ts'
import type { AnswerRelay } from './work.ts'

export function resultOf(
  served: Served,
  reason: StopReason | undefined,
  relay: Pick<AnswerRelay, 'totals'>,
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
  return { kind: 'failed', error: brokenOff(served, settled), settled }
}

/** Whoever paid for a part shall not be made to pay for another one by an SDK that retries unasked. */
function brokenOff(served: Served, { summary }: Settled): ApiError {
  const code = errorCodeOf(served)
  if (summary.cost_usd === '0') return { code }
  const message = 'The host broke off its answer. What it had delivered is billed.'
  return { code, retryable: false, message }
}

const errorCodeOf = ({ end }: Served) =>
  end === 'timed_out' ? 'upstream_timeout' : 'upstream_error'

/** Nobody delivered: the most telling reason wins. */
export function failureOf(ended: {
  readonly attempts: readonly ReceiptAttempt[]
  readonly excluded: ReadonlySet<ExcludedBy>
  readonly reason: StopReason | undefined
  /** Those that were dialled and full. */
  readonly busy: readonly Candidate[]
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
  if (outcomes.every((outcome) => outcome === 'rejected')) {
    return { code: 'invalid_value', message: rejectedByAll }
  }
  if (outcomes.every((outcome) => outcome === 'busy' || outcome === 'rejected')) {
    return { code: 'capacity_exhausted', retryAfterSec: slotFreeInSec(ended.busy) }
  }
  return { code: outcomes.includes('timed_out') ? 'upstream_timeout' : 'upstream_error' }
}

const rejectedByAll =
  'Every host that was asked rejected the request as invalid: check its parameters and its length.'

/** How often the pool is looked through anew: sooner nobody else will be in it. */
const poolPassSec = 15
