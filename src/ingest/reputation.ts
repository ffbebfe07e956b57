/** What a node's past is worth, as its own agent may ask: a signed GET, whose body has no bytes. */
import { toWireReputation } from '../http/reputation-view.ts'
import type { SignedHttpRequest } from '../protocol/http-signature.ts'
import type { ReputationReply } from '../protocol/reputation.ts'
import { ok, type Result } from '../protocol/result.ts'
import type { ReputationStore } from '../reputation/ports.ts'
import { type AuthenticateDeps, authenticate } from './signed-request.ts'

export type ReputationDeps = AuthenticateDeps & {
  readonly reputations: Pick<ReputationStore, 'readReputation'>
}

export async function showReputation(
  deps: ReputationDeps,
  request: SignedHttpRequest,
): Promise<Result<ReputationReply>> {
  const caller = await authenticate(deps, request, 'reputation')
  if (!caller.ok) return caller
  const { reputation } = await deps.reputations.readReputation(caller.value.row.node.nodeId)
  const nowMs = deps.nowMs()
  return ok({ ok: true, server_time_ms: nowMs, reputation: toWireReputation(reputation, nowMs) })
}
