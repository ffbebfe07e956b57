/** What a request asks of a host beyond being alive, and why a candidate does not have it. */
import type { ExcludedBy } from '../fleet/blockers.ts'
import type { Candidate, Capability } from '../fleet/pool.ts'
import type { Price } from '../money/price.ts'
import type { SortBy } from '../protocol/chat-request.ts'

export type MaxPrice = Pick<
  Price,
  'promptNanoUsdPerMTok' | 'completionNanoUsdPerMTok' | 'unitNanoUsd'
>

/** What the key, the request and the operator ask of a host. */
export type RoutePolicy = {
  readonly routeTiers: readonly string[] | undefined
  readonly trustTiers: readonly string[] | undefined
  readonly maxPrice: MaxPrice | undefined
  /** Tokens that the prompt takes at the least. */
  readonly promptTokensMin: number
  readonly regions: readonly string[] | undefined
  readonly hosts: HostLists
  readonly needs: readonly Capability[]
  readonly sort: SortBy | undefined
  /** False: one candidate and no other. */
  readonly allowsFallbacks: boolean
}

/** Lists of profile ids, and of node ids as well where the key may see those. */
export type HostLists = {
  readonly only: readonly string[] | undefined
  readonly ignore: readonly string[]
  readonly mayNameNodes: boolean
}

/** A customer who asks for nothing in particular. */
export const openPolicy: RoutePolicy = {
  routeTiers: undefined,
  trustTiers: undefined,
  maxPrice: undefined,
  promptTokensMin: 0,
  regions: undefined,
  hosts: { only: undefined, ignore: [], mayNameNodes: false },
  needs: [],
  sort: undefined,
  allowsFallbacks: true,
}

export function exclusion(
  candidate: Candidate,
  price: Price,
  policy: RoutePolicy,
): ExcludedBy | undefined {
  const { routeTiers, trustTiers, regions, hosts, needs } = policy
  if (routeTiers && !routeTiers.includes(candidate.routeTier)) return 'route_tier'
  if (trustTiers && !trustTiers.includes(candidate.trustTier)) return 'route_tier'
  if (!isListed(candidate, hosts)) return 'provider'
  if (regions && !isIn(regions, candidate.region)) return 'region'
  if (policy.promptTokensMin >= candidate.contextLength) return 'context_length'
  if (needs.length > 0 && !needs.every((need) => candidate.capabilities?.includes(need)))
    return 'require_parameters'
  return isTooDear(price, policy.maxPrice) ? 'max_price' : undefined
}

export function isTooDear(price: Price, maxPrice: MaxPrice | undefined): boolean {
  return (
    maxPrice !== undefined &&
    (price.promptNanoUsdPerMTok > maxPrice.promptNanoUsdPerMTok ||
      price.completionNanoUsdPerMTok > maxPrice.completionNanoUsdPerMTok ||
      (price.unitNanoUsd ?? 0n) > (maxPrice.unitNanoUsd ?? price.unitNanoUsd ?? 0n))
  )
}

function isListed({ nodeId, profileId }: Candidate, hosts: HostLists): boolean {
  if (hosts.only === undefined && hosts.ignore.length === 0) return true
  const isNamed = (list: readonly string[]) =>
    list.includes(profileId) || (hosts.mayNameNodes && list.includes(nodeId))
  return !isNamed(hosts.ignore) && (hosts.only === undefined || isNamed(hosts.only))
}

/** `eu` covers `eu-west-1`. Who does not say where it stands is in no region. */
const isIn = (regions: readonly string[], region: string | undefined): boolean =>
  region !== undefined && regions.some((one) => region === one || region.startsWith(`${one}-`))
