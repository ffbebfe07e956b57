/**
 * The operator's own node that beats through the public ingest and serves nobody. When it falls
 * silent together with many hosts, the fault is ours.
 */
import type { NodeFacts } from './node.ts'

/** Nodes enrolled for this owner are synthetic. */
export const syntheticOwnerId = 'b3iq:synthetic'

export function isSynthetic({ ownerId }: Pick<NodeFacts, 'ownerId'>): boolean {
  return ownerId === syntheticOwnerId
}
