/**
 * How often nodes beat: the server dictates it, by whether a node can earn and by how many there
 * are, so that the fleet's growth does not become ingest's load.
 */
import { freshMsMax, type NodeFacts, offlineMs } from '../fleet/node.ts'
import { isSynthetic } from '../fleet/synthetic.ts'

export type BeatIntervals = { readonly networkMs: number; readonly otherMs: number }

export const deployedBeatIntervals: BeatIntervals = { networkMs: 15_000, otherMs: 60_000 }

/** What the whole fleet is to stay below. */
const beatsPerSecondMax = 200

type Beating = Pick<NodeFacts, 'mode' | 'ownerId'>

export function nextBeatMs(
  { networkMs, otherMs }: BeatIntervals,
  node: Beating,
  activeNodes: number,
): number {
  const base = isWatched(node) ? networkMs : otherMs
  const scaledMs = Math.ceil((activeNodes / beatsPerSecondMax) * 1000)
  // Silence is judged by fixed bounds: one lost beat must not be the end, however large the fleet.
  return Math.max(base, Math.min(scaledMs, silenceMsMax(node) / 2))
}

/** How long a node may be silent before it counts as stale, or where it cannot earn, as offline. */
export function silenceMsMax(node: Beating): number {
  return isWatched(node) ? freshMsMax : offlineMs
}

const isWatched = (node: Beating): boolean => node.mode === 'network' || isSynthetic(node)
