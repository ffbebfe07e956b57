/**
 * Whether a silence of many hosts is our own fault. Decided from when each of them went stale and
 * from a node of our own that reaches us on the same public way; pure.
 */
import type { TrustTier } from '../protocol/catalogue.ts'
import { freshMsMax, type Grace, offlineMs } from './node.ts'

export type Beaten = {
  readonly trustTier: TrustTier
  readonly beatAtMs: number
}

const nodesMin = 10
const shareMin = 0.2
const withinMs = 60_000
const graceMsMax = 5 * 60_000

/**
 * `fleet` is every node in network mode that may serve and has beaten; `syntheticBeatAtMs` is undefined where the
 * stage has no synthetic node, and then there is no grace: nothing tells our fault from theirs.
 */
export function graceFor(
  fleet: readonly Beaten[],
  syntheticBeatAtMs: number | undefined,
  nowMs: number,
): Grace | undefined {
  if (syntheticBeatAtMs === undefined || nowMs - syntheticBeatAtMs <= freshMsMax) return undefined
  // Offline nodes were gone before: they are no part of the fleet that fell silent.
  const live = fleet.filter((one) => one.trustTier !== 'T0' && nowMs - one.beatAtMs <= offlineMs)
  const staleAtMs = live
    .map((one) => one.beatAtMs + freshMsMax)
    .filter((atMs) => atMs < nowMs)
    .toSorted((one, other) => one - other)
  const most = mostWithin(staleAtMs)
  const [fromMs] = most
  const isOurs = most.length >= nodesMin && most.length > shareMin * live.length
  return isOurs && fromMs !== undefined ? { fromMs, untilMs: fromMs + graceMsMax } : undefined
}

/** The longest run of times, given in order, that lie within a minute. */
function mostWithin(timesMs: readonly number[]): readonly number[] {
  let most: readonly number[] = []
  let first = 0
  for (const [last, atMs] of timesMs.entries()) {
    while (atMs - (timesMs[first] ?? atMs) > withinMs) first += 1
    if (last + 1 - first > most.length) most = timesMs.slice(first, last + 1)
  }
  return most
}
