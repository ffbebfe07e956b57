/** What routing remembers of failures, for every gateway at once. */
import type { Breaker } from '../fleet/node.ts'

/** One profile of one node, as one host serves it. */
export type ServedProfile = { readonly nodeId: string; readonly profileId: string }

/**
 * Only failures write, and what follows an opening; a breaker that is closed costs nothing. Each
 * write is one conditional update of the node's hot item.
 */
export type BreakerStore = {
  /**
   * Counts one failure; opens the breaker by condition where it was one too many. `startedAtMs` is when
   * the host was dialled, by default now: a failure that was counted since then was this one's too.
   */
  readonly countFailure: (at: ServedProfile, nowMs: number, startedAtMs?: number) => Promise<void>
  /**
   * Of a half-open breaker: an id where this request is the one that may try. Undefined where somebody
   * else tries already, or where the breaker is no longer half-open.
   */
  readonly takeTrial: (at: ServedProfile, nowMs: number) => Promise<string | undefined>
  /** After this trial was served. */
  readonly close: (at: ServedProfile, trialId: string) => Promise<void>
  /** After this trial told nothing, so that the next request may try. */
  readonly giveBack: (at: ServedProfile, trialId: string) => Promise<void>
}

/** An operator's word on a breaker, whatever its state. */
export type BreakerReset = {
  /** Closes the breaker that the operator saw; one that opened since stays. */
  readonly reset: (at: ServedProfile, seen: Breaker) => Promise<void>
}
