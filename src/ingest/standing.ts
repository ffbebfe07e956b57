/** What the operator's word on a node means for what it sends. */
import type { NodeFacts } from '../fleet/node.ts'
import type { ApiError } from '../protocol/errors.ts'

/** Not heard any more: the refusal that says why; undefined for a node that is heard. */
export function revocationOf({ status, suspension }: NodeFacts): ApiError | undefined {
  if (status !== 'suspended' && status !== 'retired' && status !== 'banned') return undefined
  const isCloned = status === 'suspended' && suspension?.reason === 'cloned_identity'
  return { code: isCloned ? 'cloned_identity' : 'node_revoked', detail: { status } }
}

/** Can flip a gate: what others change needs no new judgement of the fleet. */
export function mayServe({ status }: NodeFacts): boolean {
  return status === 'approved' || status === 'active'
}
