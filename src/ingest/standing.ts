/** What the operator's word on a node means for what it sends. */
import type { NodeFacts } from '../fleet/node.ts'

/** Not heard any more. */
export function isRevoked({ status }: NodeFacts): boolean {
  return status === 'suspended' || status === 'retired' || status === 'banned'
}

/** Can flip a gate: what others change needs no new judgement of the fleet. */
export function mayServe({ status }: NodeFacts): boolean {
  return status === 'approved' || status === 'active'
}
