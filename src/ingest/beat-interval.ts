/** How often nodes beat: the server dictates it, by whether a node can earn. */
import type { NodeFacts } from '../fleet/node.ts'

export type BeatIntervals = { readonly networkMs: number; readonly otherMs: number }

export const deployedBeatIntervals: BeatIntervals = { networkMs: 15_000, otherMs: 60_000 }

export function nextBeatMs({ networkMs, otherMs }: BeatIntervals, mode: NodeFacts['mode']): number {
  return mode === 'network' ? networkMs : otherMs
}
