/** When a customer whom every host told that it was busy should ask again. */
import type { Candidate } from '../fleet/pool.ts'
import { limits } from '../protocol/limits.ts'

/** An ordinary answer: what a slot is taken by when nothing else is known. */
const usualCompletionTokens = 400

/**
 * Seconds until one slot of these full hosts is likely to fall free, by their measured speeds: each
 * slot frees itself once per answer, and all slots of all hosts count together.
 */
export function slotFreeInSec(busy: readonly Candidate[]): number {
  const freedPerSec = busy.reduce((sum, { slots = 1, tokensPerSecondP50, firstContentP50Ms }) => {
    const answerSec = firstContentP50Ms / 1000 + usualCompletionTokens / tokensPerSecondP50
    return sum + slots / answerSec
  }, 0)
  const seconds = Math.ceil(1 / freedPerSec)
  // A speed of 0 tells nothing: the longest wait that clients still obey.
  return Number.isFinite(seconds)
    ? Math.min(Math.max(seconds, 1), limits.retryAfterSec)
    : limits.retryAfterSec
}
