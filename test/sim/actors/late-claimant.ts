/** Hosts whose gateway was lost claim what they delivered, for every ticket that they still hold. */
import { priceFor } from '../../../src/catalogue/model.ts'
import {
  claimLate,
  type LateClaimDeps,
  type VerifiedClaim,
} from '../../../src/ledger/late-claim.ts'
import { noteToldEscrowed } from '../checker/answers.ts'
import type { Task } from '../engine/actor.ts'
import { nodes } from '../stage.ts'
import type { Dispatch } from './host.ts'
import { postDepsOf } from './operator.ts'
import type { Sim } from './sim.ts'
import { accountsOf, expiredOf } from './stores.ts'

export async function doLateClaims(sim: Sim, task: Task): Promise<void> {
  const deps: LateClaimDeps = {
    ...postDepsOf(sim, task),
    findExpired: expiredOf(sim, task),
    isOwnTraffic: async (accountId, nodeId) => sim.checker.isOwn(accountId, nodeId),
    suspendNode: async (nodeId) => void sim.suspendedNodes.add(nodeId),
    suspendAccount: async (accountId) =>
      void (await accountsOf(sim, task).setStatus(accountId, 'suspended')),
  }
  for (const dispatch of [...sim.dispatches.values()].flat()) {
    const claimed = await claimLate(deps, verifiedOf(sim, task, dispatch))
    const outcome = claimed.kind === 'refused' ? claimed.reason : claimed.kind
    sim.checker.count(`late claim: ${outcome}`)
    if (claimed.kind !== 'escrowed') continue
    noteToldEscrowed(sim.checker, claimed.claim.holdId)
  }
}

/** Its signatures, ticket and node are taken for verified; its usage is anything. */
function verifiedOf({ models }: Sim, { draws }: Task, dispatch: Dispatch): VerifiedClaim {
  const node = nodes.find(({ nodeId }) => nodeId === dispatch.nodeId)
  const model = models.find((one) => one.model.version === dispatch.priceVersion)?.model
  const price = node && model && priceFor(model, node.candidate)
  const completion = draws.between(0, 2 * dispatch.maxTokens)
  const prompt = draws.pick([20, 200, 5_000])
  const reports = draws.chance(0.9)
  return {
    ticketHash: dispatch.ticketHash,
    nodeId: dispatch.nodeId,
    holdId: dispatch.holdId,
    maxTokens: dispatch.maxTokens,
    choices: dispatch.choices,
    usage: reports ? { prompt, cached_prompt: 0, completion } : null,
    price: price && model ? { ...price, hostShareBps: model.host_share_bps } : undefined,
  }
}
