/** What a request asks of a host beyond being alive, and why a candidate does not have it. */
import type { ExcludedBy } from '../fleet/blockers.ts'
import type { Candidate } from '../fleet/pool.ts'
import type { Price } from '../money/price.ts'

export type MaxPrice = Pick<Price, 'promptNanoUsdPerMTok' | 'completionNanoUsdPerMTok'>

/** What the key, the request and the operator ask of a host. */
export type RoutePolicy = {
  readonly routeTiers: readonly string[] | undefined
  readonly trustTiers: readonly string[] | undefined
  readonly maxPrice: MaxPrice | undefined
  /** Tokens that the prompt takes at the least. */
  readonly promptTokensMin: number
}

export function exclusion(
  candidate: Candidate,
  price: Price,
  policy: RoutePolicy,
): ExcludedBy | undefined {
  const { routeTiers, trustTiers } = policy
  if (routeTiers && !routeTiers.includes(candidate.routeTier)) return 'route_tier'
  if (trustTiers && !trustTiers.includes(candidate.trustTier)) return 'route_tier'
  if (policy.promptTokensMin >= candidate.contextLength) return 'context_length'
  return isTooDear(price, policy.maxPrice) ? 'max_price' : undefined
}

export function isTooDear(price: Price, maxPrice: MaxPrice | undefined): boolean {
  return (
    maxPrice !== undefined &&
    (price.promptNanoUsdPerMTok > maxPrice.promptNanoUsdPerMTok ||
      price.completionNanoUsdPerMTok > maxPrice.completionNanoUsdPerMTok)
  )
}
