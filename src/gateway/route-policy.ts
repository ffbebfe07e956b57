/** What a key, a request and the operator's prices ask of a host, and what none could ever give. */
import { type PricedModel, priceFor } from '../catalogue/model.ts'
import type { Capability, PoolShard } from '../fleet/pool.ts'
import type { CustomerKey } from '../keys/api-key.ts'
import type { NanoUsd } from '../money/nano-usd.ts'
import type { ChatMessage, ChatRequest } from '../protocol/chat-request.ts'
import type { Random } from '../protocol/clock.ts'
import { eligible } from '../routing/choose.ts'
import { haveRoomFor } from '../routing/headroom.ts'
import { isTooDear, type MaxPrice, type RoutePolicy } from '../routing/policy.ts'

export function routePolicyOf(
  request: ChatRequest,
  key: CustomerKey,
  promptTokensMin: number,
): RoutePolicy {
  const { provider } = request
  return {
    routeTiers: intersection(key.policy.route_tiers, provider?.route_tier),
    trustTiers: intersection(key.policy.trust_tiers, provider?.trust),
    maxPrice: maxPriceOf(request),
    promptTokensMin,
    regions: provider?.region ?? undefined,
    hosts: {
      only: provider?.only ?? undefined,
      ignore: provider?.ignore ?? [],
      mayNameNodes: key.policy.exposes_node_id,
    },
    needs: needsOf(request),
    sort: provider?.sort ?? undefined,
    allowsFallbacks: provider?.allow_fallbacks !== false,
  }
}

/** Fewer hosts than these would be hot ones: a small last shard, or narrow wishes. */
const hostsToChooseFrom = 8

/** Whether shards have hosts enough for the request, and room at them; its prompt's length aside. */
export const hasHostsFor =
  (request: ChatRequest, key: CustomerKey, random: Random) =>
  ({ model, candidates }: PoolShard): boolean => {
    const hosts = eligible(model, candidates, routePolicyOf(request, key, 0))
    return hosts.length >= hostsToChooseFrom && haveRoomFor(hosts, random)
  }

/** What of the request is more than text in and text out. */
export function needsOf(request: ChatRequest): readonly Capability[] {
  const needs: Capability[] = []
  if (request.tools?.length) needs.push('tools')
  // A host that ignores a schema would ignore `json_object` as well.
  if ((request.response_format?.type ?? 'text') !== 'text') needs.push('jsonSchema')
  if (request.logprobs === true) needs.push('logprobs')
  if (request.messages.some(hasImage)) needs.push('vision')
  return needs
}

const hasImage = ({ content }: ChatMessage): boolean =>
  Array.isArray(content) && content.some(({ type }) => type === 'image_url')

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
