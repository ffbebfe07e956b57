/** What a key, a request and the operator's prices ask of a host, and what none could ever give. */
import { type PricedModel, priceFor } from '../catalogue/model.ts'
import type { Capability, PoolShard } from '../fleet/pool.ts'
import type { CustomerKey } from '../keys/api-key.ts'
import { type NanoUsd, parseUsd } from '../money/nano-usd.ts'
import type { ChatMessage, ChatRequest } from '../protocol/chat-request.ts'
import type { Random } from '../protocol/clock.ts'
import type { Modality } from '../protocol/modality.ts'
import { eligible } from '../routing/choose.ts'
import { haveRoomFor } from '../routing/headroom.ts'
import { isTooDear, type MaxPrice, type RoutePolicy } from '../routing/policy.ts'

export const routePolicyOf = (
  request: ChatRequest,
  key: CustomerKey,
  promptTokensMin: number,
): RoutePolicy =>
  policyFor(
    { provider: request.provider, needs: needsOf(request), sells: 'text' },
    key,
    promptTokensMin,
  )

/** What of a request routing goes by, whatever it is for. */
export type RouteWish = {
  readonly provider: ChatRequest['provider']
  readonly needs: readonly Capability[]
  /** What it asks a model for: the customer has a highest price for each. */
  readonly sells: Modality
}

export function policyFor(wish: RouteWish, key: CustomerKey, promptTokensMin: number): RoutePolicy {
  const { provider, needs } = wish
  return {
    routeTiers: intersection(key.policy.route_tiers, provider?.route_tier),
    trustTiers: intersection(key.policy.trust_tiers, provider?.trust),
    maxPrice: lowerOf(keyMaxPrice(key), maxPriceOf(wish)),
    promptTokensMin,
    regions: provider?.region ?? undefined,
    hosts: {
      only: provider?.only ?? undefined,
      ignore: provider?.ignore ?? [],
      mayNameNodes: key.policy.exposes_node_id,
    },
    needs,
    sort: provider?.sort ?? undefined,
    allowsFallbacks: provider?.allow_fallbacks !== false,
  }
}

/** Fewer hosts than these would be hot ones: a small last shard, or narrow wishes. */
const hostsToChooseFrom = 8

/** Whether shards have hosts enough for the request, and room at them; its prompt's length aside. */
export const hasHostsFor = (request: ChatRequest, key: CustomerKey, random: Random) =>
  hasHostsUnder(routePolicyOf(request, key, 0), random)

export const hasHostsUnder =
  (policy: RoutePolicy, random: Random) =>
  ({ model, candidates }: PoolShard): boolean => {
    const hosts = eligible(model, candidates, policy)
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
  const open = model.prices.filter((row) => opensTier(key, row))
  if (open.length === 0) return model.prices.length > 0 ? 'route_tier_not_allowed' : undefined
  return open.some((row) => fits(model, row, maxPrice)) ? undefined : 'max_price_unmet'
}

/** The prices of a model at which the key may buy it. */
export const pricesFor = (model: PricedModel, key: CustomerKey): PricedModel['prices'] =>
  model.prices.filter((row) => opensTier(key, row) && fits(model, row, keyMaxPrice(key)))

type PriceRow = PricedModel['prices'][number]

function opensTier({ policy }: CustomerKey, row: PriceRow): boolean {
  const { route_tiers: routeTiers, trust_tiers: trustTiers } = policy
  return (
    (routeTiers?.includes(row.route_tier) ?? true) && (trustTiers?.includes(row.trust_tier) ?? true)
  )
}

function fits(model: PricedModel, row: PriceRow, maxPrice: MaxPrice | undefined): boolean {
  const price = priceFor(model, { routeTier: row.route_tier, trustTier: row.trust_tier })
  return price !== undefined && !isTooDear(price, maxPrice)
}

function keyMaxPrice({ policy }: CustomerKey): MaxPrice | undefined {
  if (!policy.max_price) return undefined
  const { prompt_usd_per_mtok, completion_usd_per_mtok, unit_usd } = policy.max_price
  const unitNanoUsd = unit_usd === undefined ? undefined : parseUsd(unit_usd)
  return {
    promptNanoUsdPerMTok: parseUsd(prompt_usd_per_mtok ?? '') ?? boundless,
    completionNanoUsdPerMTok: parseUsd(completion_usd_per_mtok ?? '') ?? boundless,
    ...(unitNanoUsd === undefined ? {} : { unitNanoUsd }),
  }
}

/** Above every price that there can be. */
const boundless = 10n ** 24n

function lowerOf(one: MaxPrice | undefined, other: MaxPrice | undefined): MaxPrice | undefined {
  if (!one || !other) return one ?? other
  const units = [one.unitNanoUsd, other.unitNanoUsd].filter((price) => price !== undefined)
  const [unitNanoUsd] = units.toSorted(ascending)
  return {
    promptNanoUsdPerMTok: lower(one.promptNanoUsdPerMTok, other.promptNanoUsdPerMTok),
    completionNanoUsdPerMTok: lower(one.completionNanoUsdPerMTok, other.completionNanoUsdPerMTok),
    ...(unitNanoUsd === undefined ? {} : { unitNanoUsd }),
  }
}

const lower = (one: NanoUsd, other: NanoUsd): NanoUsd => (one < other ? one : other)
const ascending = (one: NanoUsd, other: NanoUsd): number =>
  Number(one > other) - Number(one < other)

function intersection(
  allowed: readonly string[] | undefined,
  asked: readonly string[] | null | undefined,
): readonly string[] | undefined {
  if (!asked) return allowed
  return allowed ? asked.filter((one) => allowed.includes(one)) : asked
}

/** One object may be sent with every request: only what is for this kind of model counts. */
function maxPriceOf({ provider, sells }: RouteWish): MaxPrice | undefined {
  const { prompt, completion, image, audio } = provider?.max_price ?? {}
  const unit = sells === 'image' ? image : sells === 'transcription' ? audio : undefined
  if (prompt == null && completion == null && unit == null) return undefined
  return {
    promptNanoUsdPerMTok: toNanoUsd(prompt),
    completionNanoUsdPerMTok: toNanoUsd(completion),
    ...(unit == null ? {} : { unitNanoUsd: toNanoUsd(unit) }),
  }
}

/** A client's number is a preference, not an amount of ours: rounded down to whole nano-USD. */
function toNanoUsd(usdPerMTok: number | null | undefined): NanoUsd {
  return BigInt(Math.floor((usdPerMTok ?? 1_000_000) * 1e9))
}
