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
  readonly excluded: ReadonlySet<ExcludedBy>
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
    const isTrial = stateOf(hot?.breakers[candidate.profileId], moment.nowMs) === 'half_open'
    alive.push({ candidate, hot, isTrial })
  }
  return { alive: alive.toSorted((one, other) => rankOf(one) - rankOf(other)), excluded }
}

/** Who has a free slot before who had none at its last beat; who must prove itself again last. */
function rankOf({ candidate, hot, isTrial }: Verified): number {
  const queue = hot?.queues[candidate.runtimeId]
  const isFull = queue !== undefined && queue.used >= queue.capacity
  return (isTrial ? 2 : 0) + (isFull ? 1 : 0)
}
