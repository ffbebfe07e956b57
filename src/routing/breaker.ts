/**
 * The breaker of one profile of one node: pure functions of what gateways counted and of the clock.
 * Times are absolute, so that every gateway judges alike and a breaker never stays open by itself.
 */
import type { Breaker } from '../fleet/node.ts'

/** So many failures within the window open it. */
export const failuresMax = 5
const windowMs = 60_000
/** How long the first opening lasts; each further one in a row lasts twice as long. */
const firstOpenMs = 30_000
const openMsMax = 600_000
/** Whoever took the trial and was never heard of again keeps it for no longer. */
export const trialMsMax = 90_000
/** Who was dialled a moment before the last failure was counted may be by another gateway's clock. */
export const clockErrorMs = 1_000
/** After so long without news a breaker is as good as none, and may be removed. */
const forgottenAfterMs = 3_600_000

export type BreakerState = 'closed' | 'open' | 'half_open'

export function stateOf(breaker: Breaker | undefined, nowMs: number): BreakerState {
  if (!breaker || breaker.opens === 0 || isForgotten(breaker, nowMs)) return 'closed'
  return nowMs < breaker.openUntilMs ? 'open' : 'half_open'
}

export function isForgotten(breaker: Breaker, nowMs: number): boolean {
  const { fromMs, openUntilMs, trialUntilMs } = breaker
  const lastNewsMs = Math.max(fromMs, openUntilMs, trialUntilMs)
  return nowMs - lastNewsMs >= forgottenAfterMs
}

/** What one more failure makes of a breaker. */
export type AfterFailure =
  | { readonly kind: 'unchanged' }
  /** One more in this window, which it does not open: in whatever order they come. */
  | { readonly kind: 'counted'; readonly in: Breaker }
  | { readonly kind: 'replaced'; readonly by: Breaker }

/**
 * One reset breaks every stream of a host at once, and that is one failure: who was dialled before the
 * last one was counted tells nothing new, whether it opens the breaker or meets it half-open.
 */
export function afterFailure(
  breaker: Breaker | undefined,
  { nowMs, startedAtMs }: { readonly nowMs: number; readonly startedAtMs: number },
): AfterFailure {
  if (breaker === undefined || isForgotten(breaker, nowMs)) return windowBegun(nowMs)
  switch (stateOf(breaker, nowMs)) {
    case 'open':
      return { kind: 'unchanged' }
    case 'half_open': {
      if (startedAtMs + clockErrorMs < breaker.openUntilMs) return { kind: 'unchanged' }
      const again = { ...breaker, failures: 1, fromMs: nowMs, lastMs: nowMs }
      return { kind: 'replaced', by: opened(again, nowMs) }
    }
    case 'closed': {
      const lastMs = breaker.lastMs ?? breaker.fromMs
      if (startedAtMs + clockErrorMs < lastMs) return { kind: 'unchanged' }
      if (!isWindowRunning(breaker, nowMs)) return windowBegun(nowMs)
      const failures = breaker.failures + 1
      if (failures < failuresMax) return { kind: 'counted', in: breaker }
      return { kind: 'replaced', by: opened({ ...breaker, failures, lastMs: nowMs }, nowMs) }
    }
  }
}

/** Clocks of two gateways differ a little: a window that is about to begin runs already. */
const isWindowRunning = ({ fromMs }: Breaker, nowMs: number): boolean =>
  Math.abs(nowMs - fromMs) < windowMs

const windowBegun = (nowMs: number): AfterFailure => ({
  kind: 'replaced',
  by: { failures: 1, fromMs: nowMs, lastMs: nowMs, openUntilMs: 0, opens: 0, trialUntilMs: 0 },
})

function opened(breaker: Breaker, nowMs: number): Breaker {
  const opens = breaker.opens + 1
  const openMs = Math.min(firstOpenMs * 2 ** (opens - 1), openMsMax)
  return { ...breaker, openUntilMs: nowMs + openMs, opens, trialUntilMs: 0 }
}

/**
 * By how an attempt ended, before the host began or after. A full host, a route of yesterday and the
 * word to stop, ours or the customer's, are nobody's failure. Nor is a request that the runtime rejects:
 * otherwise a customer could close hosts to all others by asking nonsense. Where another host serves
 * the very same request, the caller counts it after all.
 */
const isFailure = {
  finished: false,
  busy: false,
  rejected: false,
  stale_route: false,
  aborted: false,
  refused: true,
  no_proof: true,
  connect_failed: true,
  timed_out: true,
  cut: true,
  host_error: true,
} as const satisfies Readonly<Record<string, boolean>>

export type AttemptEnd = keyof typeof isFailure

/** Whether this end is the host's failure. */
export const countsAgainst = (end: AttemptEnd): boolean => isFailure[end]
