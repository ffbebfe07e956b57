/** The hosts that a request may be sent to, in order, or why there are none: the same for all that is sold. */
import type { ExcludedBy } from '../fleet/blockers.ts'
import type { Candidate, PoolShard } from '../fleet/pool.ts'
import type { CustomerKey } from '../keys/api-key.ts'
import type { Random } from '../protocol/clock.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import type { AffinityKey } from '../routing/affinity.ts'
import { choose, type PricedCandidate } from '../routing/choose.ts'
import type { RoutePolicy } from '../routing/policy.ts'
import { forbiddenForGood } from './route-policy.ts'

export type HostWish = {
  readonly policy: RoutePolicy
  /** What keeps a candidate from this request before any policy is asked. */
  readonly unableBecause: (candidate: Candidate) => ExcludedBy | undefined
  readonly draw: { readonly affinity: AffinityKey | undefined; readonly random: Random }
}

export function pickHosts(
  shard: PoolShard,
  key: CustomerKey,
  { policy, unableBecause, draw }: HostWish,
): Result<readonly PricedCandidate[]> {
  const unable = new Set<ExcludedBy>()
  const able = shard.candidates.filter((one) => {
    const reason = unableBecause(one)
    if (reason) unable.add(reason)
    return reason === undefined
  })
  const { candidates, excludedBy } = choose(shard.model, able, policy, draw)
  if (candidates.length > 0) return ok(candidates)
  const forbidden = forbiddenForGood(shard.model, key, policy.maxPrice)
  if (forbidden) return refuse(forbidden)
  const reasons = [...new Set([...excludedBy, ...unable, ...shard.excludedBy])]
  return refuse('no_eligible_host', {
    retryAfterSec: 15,
    detail: { availability: { code: 'no_eligible_host', excluded_by: reasons } },
  })
}
