/** What a key, a request and the operator's prices ask of a host, and what none could ever give. */
import { type PricedModel, priceFor } from '../catalogue/model.ts'
import type { CustomerKey } from '../keys/api-key.ts'
import type { NanoUsd } from '../money/nano-usd.ts'
import type { ChatRequest } from '../protocol/chat-request.ts'
import { isTooDear, type MaxPrice, type RoutePolicy } from '../routing/policy.ts'

export function routePolicyOf(
  request: ChatRequest,
  key: CustomerKey,
  promptTokensMin: number,
): RoutePolicy {
  return {
    routeTiers: intersection(key.policy.route_tiers, request.provider?.route_tier),
    trustTiers: intersection(key.policy.trust_tiers, request.provider?.trust),
    maxPrice: maxPriceOf(request),
    promptTokensMin,
  }
}

/** What no host that may yet come up could change: the key's tiers, the customer's price. */
export function forbiddenForGood(
  model: PricedModel,
  key: CustomerKey,
  maxPrice: MaxPrice | undefined,
): 'route_tier_not_allowed' | 'max_price_unmet' | undefined {
  const { route_tiers: routeTiers, trust_tiers: trustTiers } = key.policy
  const open = model.prices
    .map((row) => ({ routeTier: row.route_tier, trustTier: row.trust_tier }))
    .filter(({ routeTier }) => routeTiers?.includes(routeTier) ?? true)
    .filter(({ trustTier }) => trustTiers?.includes(trustTier) ?? true)
  if (open.length === 0) return model.prices.length > 0 ? 'route_tier_not_allowed' : undefined
  const fits = open.some((tiers) => {
    const price = priceFor(model, tiers)
    return price !== undefined && !isTooDear(price, maxPrice)
  })
  return fits ? undefined : 'max_price_unmet'
}

function intersection(
  allowed: readonly string[] | undefined,
  asked: readonly string[] | null | undefined,
): readonly string[] | undefined {
  if (!asked) return allowed
  return allowed ? asked.filter((one) => allowed.includes(one)) : asked
}

function maxPriceOf(request: ChatRequest) {
  const { prompt, completion } = request.provider?.max_price ?? {}
  if (prompt == null && completion == null) return undefined
  return {
    promptNanoUsdPerMTok: toNanoUsd(prompt),
    completionNanoUsdPerMTok: toNanoUsd(completion),
  }
}

/** A client's number is a preference, not an amount of ours: rounded down to whole nano-USD. */
function toNanoUsd(usdPerMTok: number | null | undefined): NanoUsd {
  return BigInt(Math.floor((usdPerMTok ?? 1_000_000) * 1e9))
}
