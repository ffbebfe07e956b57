/**
 * Counts paid requests where they end, each of them once and before its last event: what comes after the
 * reply may never run. Who named no valid key is not counted, since nobody was served or failed.
 */
import type { CountRequest, RequestCount } from '../metering/request-count.ts'
import { parseUsd } from '../money/nano-usd.ts'
import { durationMs } from '../protocol/clock.ts'
import { type ApiError, statusOf } from '../protocol/errors.ts'
import { modalityOf } from '../protocol/host-path.ts'
import type { FailedEvent, FinishedEvent } from './answer-form.ts'
import { unaskedDeadlineMs } from './asked-deadline.ts'
import type { CompleteOrder } from './complete.ts'
import type { CompletionEvent } from './completion-event.ts'
import type { Settlement } from './settle-request.ts'
import { formFailed } from './stop.ts'

export type CountDeps = {
  readonly countRequest: CountRequest
  /** First content later than that is slow. */
  readonly slowAfterMs: number
  /** The longest that the stage gives a request. */
  readonly deadlineMs: number
}

/** What is asked of an order to count how it ended. */
export type CountedOrder = Pick<
  CompleteOrder,
  'holdId' | 'startedAtMs' | 'deadlineMs' | 'clientGone'
> & { readonly work: Pick<CompleteOrder['work'], 'path'> }

/** Of a request that never became an order. */
export function countRefused(
  { countRequest }: CountDeps,
  requestId: string,
  error: ApiError,
): void {
  if (statusOf(error) === 401) return
  countRequest({ ...nothing, requestId, code: error.code, ending: endingOf(error) })
}

/**
 * The events of `run`, whose order has to be the one that it is given. What the form makes of the last one
 * comes later: a fault of ours there has been counted as an answer, one before it has not.
 */
export async function* counted<Order extends CountedOrder>(
  deps: CountDeps,
  order: Order,
  run: (order: Order & Pick<CompleteOrder, 'onSettled'>) => AsyncGenerator<CompletionEvent>,
): AsyncGenerator<CompletionEvent> {
  let settlement: Settlement | undefined
  const onSettled = (told: Settlement) => {
    settlement = told
  }
  for await (const event of run({ ...order, onSettled })) {
    if (event.kind === 'finished' || event.kind === 'failed') {
      deps.countRequest(countOf(deps, order, event, settlement))
    }
    yield event
  }
}

const nothing = {
  isSlow: false,
  firstContentMs: undefined,
  attemptsFailed: 0,
  charge: undefined,
  isDecisionUnknown: false,
} as const satisfies Omit<RequestCount, 'requestId' | 'code' | 'ending'>

const endingOf = (error: ApiError): RequestCount['ending'] =>
  statusOf(error) < 500 ? 'refused' : 'failed'

function countOf(
  deps: CountDeps,
  order: CountedOrder,
  event: FinishedEvent | FailedEvent,
  settlement: Settlement | undefined,
): RequestCount {
  const ended = { requestId: order.holdId, ...endOf(deps, order, event, settlement) }
  if (!settlement) return { ...nothing, ...ended }
  const { attempts, settled } = settlement
  const firstContentMs = firstContentMsOf(order, settlement)
  return {
    ...ended,
    isSlow:
      ended.ending === 'answered' &&
      firstContentMs !== undefined &&
      firstContentMs > deps.slowAfterMs,
    firstContentMs,
    attemptsFailed: attempts.filter(({ outcome }) => !isBlameless.has(outcome)).length,
    charge: settled && parseUsd(settled.summary.cost_usd),
    isDecisionUnknown: settled === undefined,
  }
}

/** Nobody failed a client that went away; and what our own deadline cut off is not the answer that was asked. */
function endOf(
  deps: CountDeps,
  order: CountedOrder,
  event: FinishedEvent | FailedEvent,
  settlement: Settlement | undefined,
): Pick<RequestCount, 'code' | 'ending'> {
  const stoppedBy = settlement?.settled && settlement.result.error
  if (stoppedBy === 'client_gone') {
    if (order.clientGone.reason === formFailed) return { code: 'internal_error', ending: 'failed' }
    return { code: 'client_gone', ending: 'refused' }
  }
  if (event.kind === 'failed') return { code: event.error.code, ending: endingOf(event.error) }
  const { deadlineMs = deps.deadlineMs } = order
  // Who asked for less time than everybody gets has what there was by then.
  if (stoppedBy === 'deadline' && deadlineMs >= unaskedDeadlineMs(deps.deadlineMs)) {
    return { code: 'upstream_timeout', ending: 'failed' }
  }
  return { code: undefined, ending: 'answered' }
}

/** Whom we cut off did not fail; nor did who was full, or was asked what it cannot do. */
const isBlameless: ReadonlySet<string> = new Set(['served', 'aborted', 'busy', 'rejected'])

/** Images and recordings take as long as they take, and nothing of them is seen before. */
function firstContentMsOf(
  { work, startedAtMs }: CountedOrder,
  { firstContentAtMs }: Settlement,
): number | undefined {
  const modality = modalityOf[work.path]
  if (modality === 'image' || modality === 'transcription') return undefined
  return firstContentAtMs === undefined ? undefined : durationMs(startedAtMs, firstContentAtMs)
}
