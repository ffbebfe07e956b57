/** What is known of a node's past, for operators. */
import type { FleetStore } from '../fleet/ports.ts'
import { toWireReputation } from '../http/reputation-view.ts'
import type { NowMs } from '../protocol/clock.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import type { ReputationStore } from '../reputation/ports.ts'

export type ReputationDeps = {
  readonly fleet: Pick<FleetStore, 'readNode'>
  readonly reputations: Pick<ReputationStore, 'readReputation'>
  readonly nowMs: NowMs
}

export async function showReputation(
  { fleet, reputations, nowMs }: ReputationDeps,
  nodeId: string,
): Promise<Result<object>> {
  if (!(await fleet.readNode(nodeId))) return refuse('node_not_found')
  const { reputation } = await reputations.readReputation(nodeId)
  return ok({ object: 'reputation', ...toWireReputation(reputation, nowMs()) })
}
