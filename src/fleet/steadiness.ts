/**
 * Who comes and goes too often is left out for a while, visibly and a while longer each time, so
 * that a flapping host costs its customers nothing and can still come back by itself.
 */
import { freshMsMax, type Grace, type HotItem, type Steadiness } from './node.ts'

/** When a beat arrives, what was excused then, and how long this node may be silent. */
export type Arrival = {
  readonly nowMs: number
  readonly grace: Grace | undefined
  readonly silenceMsMax: number
}

/** So many returns within `returnsWithinMs` start a cool-down. */
const returnsMax = 3
const returnsWithinMs = 10 * 60_000
const coolMsMin = 2 * 60_000
const coolMsMax = 30 * 60_000
/** Beats after a silence before work comes again. */
export const beatsToServe = 2

/** As a beat leaves it; `hot` is the item before that beat. */
export function steadinessAfter(
  hot: Pick<HotItem, 'beatAtMs' | 'steadiness'> | undefined,
  { nowMs, grace, silenceMsMax }: Arrival,
): Steadiness {
  if (!hot) return { returnedAtMs: nowMs, beats: 1, returnsAtMs: [], coolUntilMs: 0, coolMs: 0 }
  const before = hot.steadiness
  const wasSilent = nowMs - hot.beatAtMs > silenceMsMax && !isExcused(hot.beatAtMs, nowMs, grace)
  if (!wasSilent) return { ...before, beats: Math.min(beatsToServe, before.beats + 1) }
  const returnsAtMs = [...before.returnsAtMs, nowMs]
    .filter((atMs) => nowMs - atMs < returnsWithinMs)
    .slice(-returnsMax)
  const returned = { returnedAtMs: nowMs, beats: 1 }
  if (returnsAtMs.length < returnsMax) return { ...before, ...returned, returnsAtMs }
  // A cool-down is forgotten when the node has been steady for as long as the longest one lasts.
  const isRelapse = before.coolMs > 0 && nowMs - before.coolUntilMs < coolMsMax
  const coolMs = isRelapse ? Math.min(coolMsMax, before.coolMs * 2) : coolMsMin
  return { ...returned, returnsAtMs: [], coolUntilMs: nowMs + coolMs, coolMs }
}

/** A silence that falls into our own outage is nobody's return. */
function isExcused(beatAtMs: number, nowMs: number, grace: Grace | undefined): boolean {
  return grace !== undefined && isCovered(beatAtMs, grace) && nowMs <= grace.untilMs + freshMsMax
}

/** Whether a node that last beat at `beatAtMs` was fresh when the grace began. */
export function isCovered(beatAtMs: number, { fromMs }: Grace): boolean {
  return beatAtMs >= fromMs - freshMsMax
}
