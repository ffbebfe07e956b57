/**
 * When a request has to stop although its host has not: at its deadline, less the time that decision and
 * settlement need, or when its client is known to be gone.
 */
import { durationMs, type NowMs, type Sleep } from '../protocol/clock.ts'

export type StopReason = 'client_gone' | 'deadline' | undefined

export type Deadline = {
  /** Aborts the host. */
  readonly signal: AbortSignal
  readonly reason: () => StopReason
  readonly stop: () => void
}

/** Kept free at the end for decision and settlement. */
const settleReserveMsMax = 15_000

export function startDeadline(
  deps: { readonly nowMs: NowMs; readonly sleep: Sleep; readonly deadlineMs: number },
  request: { readonly startedAtMs: number; readonly clientGone: AbortSignal },
): Deadline {
  const over = new AbortController()
  const stopped = new AbortController()
  const reserveMs = Math.min(settleReserveMsMax, Math.floor(deps.deadlineMs / 5))
  // A clock that was set back since gives no more time: the hold's lease would end first.
  const spentMs = durationMs(request.startedAtMs, deps.nowMs())
  const leftMs = deps.deadlineMs - reserveMs - spentMs
  // At once where no time is left: a gateway that stood still must not dial a host any more.
  if (leftMs <= 0) over.abort()
  else {
    void deps.sleep(leftMs, stopped.signal).then(() => {
      if (!stopped.signal.aborted) over.abort()
    })
  }
  return {
    signal: AbortSignal.any([over.signal, request.clientGone]),
    reason: () => {
      if (request.clientGone.aborted) return 'client_gone'
      return over.signal.aborted ? 'deadline' : undefined
    },
    stop: () => stopped.abort(),
  }
}
