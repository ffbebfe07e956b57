/** What the operator's word on a node means for what it sends. */
import { isBarred, type NodeFacts } from '../fleet/node.ts'
import type { ApiError } from '../protocol/errors.ts'

/** Not heard any more: the refusal that says why; undefined for a node that is heard. */
export function revocationOf(node: NodeFacts): ApiError | undefined {
  if (!isBarred(node)) return undefined
  const { status, suspension } = node
  const isCloned = status === 'suspended' && suspension?.reason === 'cloned_identity'
  return { code: isCloned ? 'cloned_identity' : 'node_revoked', detail: { status } }
}
