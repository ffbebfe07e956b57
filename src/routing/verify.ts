/**
 * The pool nominated these candidates some seconds ago; their hot items, read beside the reserve, decide
 * which of them are asked now, and in which order.
 */
import { type ExcludedBy, excludedBy } from '../fleet/blockers.ts'
import { hotBlockers, type Moment } from '../fleet/gates.ts'
import type { HotItem } from '../fleet/node.ts'
import { stateOf } from './breaker.ts'
import type { PricedCandidate } from './choose.ts'

export type Verified = {
  readonly candidate: PricedCandidate
  readonly hot: HotItem | undefined
  /** Its breaker is half-open: a request may be sent there only as the trial. */
  readonly isTrial: boolean
}

export type Verification = {
  readonly alive: readonly Verified[]
  /** Why the others are not asked. */
  readonly excluded: Set<ExcludedBy>
}

export function verify(
  candidates: readonly PricedCandidate[],
  hotItems: ReadonlyMap<string, HotItem>,
  moment: Moment,
): Verification {
  const alive: Verified[] = []
  const excluded = new Set<ExcludedBy>()
  for (const candidate of candidates) {
    const hot = hotItems.get(candidate.nodeId)
    const blockers = hotBlockers(hot, candidate, moment)
    for (const reason of blockers.map(excludedBy)) if (reason) excluded.add(reason)
    if (blockers.length > 0) continue
    const breaker = hot?.breakers[candidate.profileId]
    const isTrial = stateOf(breaker, moment.nowMs) === 'half_open'
    // Somebody's request tries it at this moment: asking for the trial would be a write in vain.
    if (isTrial && breaker && moment.nowMs < breaker.trialUntilMs) excluded.add('queue_unhealthy')
    else alive.push({ candidate, hot, isTrial })
  }
  return { alive: alive.toSorted((one, other) => rankOf(one) - rankOf(other)), excluded }
}

/**
 * Whose breaker is half-open comes first, because behind others it would never prove itself: one
 * request in a while is its trial, the rest of them passes it by. Then who had a free slot at its
 * last beat, before who had none.
 */
function rankOf({ candidate, hot, isTrial }: Verified): number {
  if (isTrial) return 0
  const queue = hot?.queues[candidate.runtimeId]
  return queue !== undefined && queue.used >= queue.capacity ? 2 : 1
}
