/** How long to wait between beats. Jitter comes last in every rule, or a fleet beats as a herd. */
import type { Random } from '../../src/protocol/clock.ts'

const jitterFraction = 0.1
const backoffMsBase = 1_000
const backoffMsMax = 15 * 60_000
/** A beat that was lost and its retry must both fit into the minute that a node counts as fresh. */
const firstRetryMsMax = 30_000

/** The server's interval ± 10 %. */
export function jitteredMs(intervalMs: number, random: Random): number {
  return Math.round(intervalMs * (1 - jitterFraction + 2 * jitterFraction * random()))
}

/**
 * After `failures` failures in a row. The first retry lies anywhere in two intervals, or in one where
 * two would cost a node its freshness, because what one node lost all nodes lost at once; the next
 * ones lie anywhere below a ceiling that doubles up to 15 minutes. Never less than a second, nor than
 * the server asked for, up to those 15 minutes.
 */
export function backoffMs(
  failures: number,
  by: {
    readonly random: Random
    readonly intervalMs: number
    readonly retryAfterMs?: number
  },
): number {
  const { intervalMs } = by
  const ceilingMs =
    failures <= 1
      ? Math.max(intervalMs, Math.min(2 * intervalMs, firstRetryMsMax))
      : Math.min(backoffMsMax, backoffMsBase * 2 ** Math.min(failures, 16))
  const drawnMs = Math.round(by.random() * ceilingMs)
  return Math.max(backoffMsBase, drawnMs, Math.min(by.retryAfterMs ?? 0, backoffMsMax))
}
