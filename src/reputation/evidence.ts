/**
 * How much good and bad was seen of a node in one respect, with old evidence fading: a Beta count
 * with forgetting. What counts is the lower bound, so that little evidence is never much trust.
 */
import { dayMs } from '../protocol/clock.ts'

/** One respect in which a host keeps or breaks its word. */
export const dimensions = ['delivery', 'integrity', 'accounting'] as const
export type Dimension = (typeof dimensions)[number]

/** Weights of what was seen, faded to `atMs`. */
export type Evidence = { readonly good: number; readonly bad: number; readonly atMs: number }

export const noEvidence: Evidence = { good: 0, bad: 0, atMs: 0 }

/** Bad is remembered longer than good, and a wrong answer longest. */
const halfLifeMs: Readonly<Record<Dimension, { readonly good: number; readonly bad: number }>> = {
  delivery: { good: 14 * dayMs, bad: 30 * dayMs },
  integrity: { good: 90 * dayMs, bad: 90 * dayMs },
  accounting: { good: 14 * dayMs, bad: 30 * dayMs },
}

/** As it counts at `nowMs`; evidence from the future, of a faster clock, counts in full. */
export function faded(dimension: Dimension, evidence: Evidence, nowMs: number): Evidence {
  const ageMs = Math.max(0, nowMs - evidence.atMs)
  const half = halfLifeMs[dimension]
  return {
    good: evidence.good * 2 ** (-ageMs / half.good),
    bad: evidence.bad * 2 ** (-ageMs / half.bad),
    atMs: Math.max(evidence.atMs, nowMs),
  }
}

/** Two pages of receipts may come in any order: what is older than the rest fades before it is added. */
export function withMore(
  dimension: Dimension,
  evidence: Evidence,
  seen: { readonly good: number; readonly bad: number; readonly atMs: number },
): Evidence {
  const nowMs = Math.max(evidence.atMs, seen.atMs)
  const [before, now] = [evidence, seen].map((one) => faded(dimension, one, nowMs))
  return {
    good: (before?.good ?? 0) + (now?.good ?? 0),
    bad: (before?.bad ?? 0) + (now?.bad ?? 0),
    atMs: nowMs,
  }
}

/** One-sided 95 % of the normal distribution. */
const z = 1.645

/**
 * Wilson's lower bound of the share of good, 0 to 1: with 10 good of 10 it is 0.79, with 50 it is
 * 0.95, with 1,000 it is 0.997, and without evidence 0.
 */
export function lowerBound({ good, bad }: Pick<Evidence, 'good' | 'bad'>): number {
  const count = good + bad
  if (count <= 0) return 0
  const spread = z * Math.sqrt(good * (bad / count) + (z * z) / 4)
  const bound = (good + (z * z) / 2 - spread) / (count + z * z)
  return Math.min(1, Math.max(0, bound))
}
