/**
 * When a request has to stop although its host has not: at its deadline, less the time that decision and
 * settlement need; at its customer's word; or when its client is known to be gone. A host that is
 * heard by then is told before it is cut off, so that it can sign for what it delivered.
 */
import type { CancelOutcome } from '../dispatch/cancel.ts'
import { durationMs, type NowMs, type Sleep } from '../protocol/clock.ts'

export type StopReason = 'client_gone' | 'cancelled' | 'deadline'

/** Of a client's signal that says so: it did not leave, we could not put its answer into form. */
export const formFailed = Symbol('the form failed')

export type Stop = {
  /** Cuts the host off: at once, or when the one that was told had its time. */
  readonly signal: AbortSignal
  /** Undefined while nothing stops the request; the first reason stays. */
  readonly reason: () => StopReason | undefined
  /** How to tell the host that is heard now; undefined where none is. */
  readonly tellFirst: (tell: (() => Promise<CancelOutcome>) | undefined) => void
  /** The request has ended by itself. */
  readonly end: () => void
}

/** Kept free at the end for decision and settlement. */
const settleReserveMsMax = 15_000
/** A host that was told has so long for its claim. */
const signingMsMax = 1_500

export function watchStops(
  deps: { readonly nowMs: NowMs; readonly sleep: Sleep; readonly deadlineMs: number },
  request: {
    readonly startedAtMs: number
    readonly clientGone: AbortSignal
    readonly cancelled: AbortSignal
  },
): Stop {
  const ended = new AbortController()
  const cut = new AbortController()
  let first: StopReason | undefined
  let tell: (() => Promise<CancelOutcome>) | undefined

  const stopFor = (reason: StopReason) => {
    if (first !== undefined || ended.signal.aborted) return
    first = reason
    if (tell === undefined) cut.abort()
    else void farewell(tell, deps.sleep, ended.signal).then(() => cut.abort())
  }

  const reserveMs = Math.min(settleReserveMsMax, Math.floor(deps.deadlineMs / 5))
  // A clock that was set back since gives no more time: the hold's lease would end first.
  const spentMs = durationMs(request.startedAtMs, deps.nowMs())
  const leftMs = deps.deadlineMs - reserveMs - spentMs
  onAbort(request.clientGone, () => stopFor('client_gone'))
  onAbort(request.cancelled, () => stopFor('cancelled'))
  // At once where no time is left: a gateway that stood still must not dial a host any more.
  if (leftMs <= 0) stopFor('deadline')
  else void deps.sleep(leftMs, ended.signal).then(() => stopFor('deadline'))

  return {
    signal: cut.signal,
    reason: () => first,
    tellFirst: (how) => {
      tell = how
    },
    // With a reason, because without one an error is made, with a trace of the stack.
    end: () => ended.abort('ended'),
  }
}

/**
 * Over when the host cannot be told, or had its time to end its answer with a claim. Who says that the
 * dispatch does not run any more has ended it, and its last words are on their way.
 */
async function farewell(
  tell: () => Promise<CancelOutcome>,
  sleep: Sleep,
  ended: AbortSignal,
): Promise<void> {
  const timeIsOver = sleep(signingMsMax, ended)
  const told = tell().catch(() => 'failed' as const)
  const outcome = await Promise.race([told, timeIsOver])
  if (outcome !== 'failed') await timeIsOver
}

function onAbort(signal: AbortSignal, then: () => void): void {
  if (signal.aborted) then()
  else signal.addEventListener('abort', then, { once: true })
}
