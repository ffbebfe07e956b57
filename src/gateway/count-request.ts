/**
 * Counts paid requests where they end, each of them once and before its last event: what comes after the
 * reply may never run. Who named no valid key is not counted, since nobody was served or failed.
 */
import type { CountRequest, RequestCount } from '../metering/request-count.ts'
import { parseUsd } from '../money/nano-usd.ts'
import { durationMs } from '../protocol/clock.ts'
import { type ApiError, statusOf } from '../protocol/errors.ts'
import { modalityOf } from '../protocol/host-path.ts'
import type { CompleteOrder } from './complete.ts'
import type { CompletionEvent } from './completion-event.ts'
import type { Settlement } from './settle-request.ts'

export type CountDeps = {
  readonly countRequest: CountRequest
  /** First content later than that is slow. */
  readonly slowAfterMs: number
}

/** Of a request that never became an order. */
export function countRefused(
  { countRequest }: CountDeps,
  requestId: string,
  error: ApiError,
): void {
  if (statusOf(error) === 401) return
  countRequest({ ...nothing, requestId, code: error.code, ending: endingOf(error) })
}

/** The events of `run`, whose order has to be the one that it is given. */
export async function* counted(
  deps: CountDeps,
  order: CompleteOrder,
  run: (order: CompleteOrder) => AsyncGenerator<CompletionEvent>,
): AsyncGenerator<CompletionEvent> {
  let settlement: Settlement | undefined
  const onSettled = (told: Settlement) => {
    settlement = told
  }
  for await (const event of run({ ...order, onSettled })) {
    if (event.kind === 'finished') deps.countRequest(countOf(deps, order, undefined, settlement))
    if (event.kind === 'failed') {
      deps.countRequest(countOf(deps, order, event.error, settlement))
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
  { slowAfterMs }: CountDeps,
  order: CompleteOrder,
  error: ApiError | undefined,
  settlement: Settlement | undefined,
): RequestCount {
  const ending = error ? endingOf(error) : 'answered'
  const ended = { requestId: order.holdId, code: error?.code, ending } as const
  if (!settlement) return { ...nothing, ...ended }
  const { attempts, settled } = settlement
  const firstContentMs = firstContentMsOf(order, settlement)
  return {
    ...ended,
    isSlow: ending === 'answered' && firstContentMs !== undefined && firstContentMs > slowAfterMs,
    firstContentMs,
    attemptsFailed: attempts.filter(({ outcome }) => !isBlameless.has(outcome)).length,
    charge: settled && parseUsd(settled.summary.cost_usd),
    isDecisionUnknown: settled === undefined,
  }
}

/** Whom we cut off did not fail. */
const isBlameless: ReadonlySet<string> = new Set(['served', 'aborted'])

/** Images and recordings take as long as they take, and nothing of them is seen before. */
function firstContentMsOf(
  { work, startedAtMs }: CompleteOrder,
  { firstContentAtMs }: Settlement,
): number | undefined {
  const modality = modalityOf[work.path]
  if (modality === 'image' || modality === 'transcription') return undefined
  return firstContentAtMs === undefined ? undefined : durationMs(startedAtMs, firstContentAtMs)
}
