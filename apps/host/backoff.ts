/** How long to wait between beats. Jitter comes last in both rules, or a fleet beats as a herd. */
import type { Random } from '../../src/protocol/clock.ts'

const jitterFraction = 0.1
const backoffMsMin = 1_000
const backoffMsMax = 60_000

/** The server's interval ± 10 %. */
export function jitteredMs(intervalMs: number, random: Random): number {
  return Math.round(intervalMs * (1 - jitterFraction + 2 * jitterFraction * random()))
}

/**
 * After `failures` failures in a row: anywhere between a second and a ceiling that doubles up to a
 * minute, and never less than the server asked for, up to that minute.
 */
export function backoffMs(
  failures: number,
  { random, retryAfterMs = 0 }: { readonly random: Random; readonly retryAfterMs?: number },
): number {
  const ceilingMs = Math.min(backoffMsMax, backoffMsMin * 2 ** Math.min(failures, 16))
  const drawnMs = Math.round(backoffMsMin + random() * (ceilingMs - backoffMsMin))
  return Math.max(drawnMs, Math.min(retryAfterMs, backoffMsMax))
}
