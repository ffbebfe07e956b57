/**
 * `POST /v1/account/quote`: what a request would be held for and cost, and a token that locks its prices for
 * five minutes. Nothing is held, dispatched or stored for it.
 */
import { benchmarkPrice, priceFor } from '../catalogue/model.ts'
import type { PoolShard } from '../fleet/pool.ts'
import type { PublicCatalogue } from '../fleet/ports.ts'
import { isoTime } from '../http/iso-time.ts'
import type { CustomerKey } from '../keys/api-key.ts'
import { countTokens } from '../metering/count.ts'
import { formatUsd } from '../money/nano-usd.ts'
import { type BilledTokens, chargeFor, highestCharge } from '../money/price.ts'
import type { CataloguePrice } from '../protocol/catalogue.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import { admit } from './admit.ts'
import type { GatewayDeps } from './deps.ts'
import { readOrRefuse, shardFor } from './inference.ts'
import { paidEndpoints } from './paid-endpoints.ts'
import { planUnpaused } from './paused.ts'
import { dearestPromptTokens, type Plan, ratiosOf } from './plan.ts'
import { type Quote, quoteLifeMs, sealQuote } from './quote-token.ts'
import { toWireUsage } from './relay.ts'

const usualPath = '/v1/chat/completions'

/** The body is that of the endpoint that `?endpoint=` names; of chat where it names none. */
export async function makeQuote(
  deps: GatewayDeps,
  http: Request,
  requestId: string,
): Promise<Result<object>> {
  const read = readOrRefuse(deps, requestId)
  const key = await read(() => admit(deps, http.headers, 'inference'))
  if (!key.ok) return key
  const path = new URL(http.url).searchParams.get('endpoint') ?? usualPath
  const endpoint = paidEndpoints.find((one) => one.path === path)
  if (!endpoint) {
    const message = `"endpoint" must be one of ${paidEndpoints.map((one) => one.path).join(', ')}.`
    return refuse('invalid_value', { param: 'endpoint', message })
  }
  const opened = await endpoint.open(deps, http, key.value)
  if (!opened.ok) return opened
  const { work } = opened.value
  const [shard, catalogue] = await Promise.all([
    read(() => shardFor(deps, work, key.value)),
    read(async () => ok(await deps.publicCatalogue())),
  ])
  if (!shard.ok) return shard
  if (!catalogue.ok) return catalogue
  const plan = await planUnpaused(deps, { work, shard: shard.value, key: key.value })
  if (!plan.ok) return plan
  const terms = termsOf({ key: key.value, shard: shard.value, plan: plan.value, path })
  const expiresAtMs = deps.nowMs() + quoteLifeMs
  const quote: Quote = { ...terms, nonce: deps.ids.token(12), expires_at_ms: expiresAtMs }
  return ok({
    object: 'quote',
    id: sealQuote(quote, deps.claimSecret),
    endpoint: path,
    model: quote.model,
    expires_at: isoTime(expiresAtMs),
    price_version: quote.price_version,
    bounds: {
      prompt_bytes: quote.prompt_bytes_max,
      prompt_tokens: quote.prompt_tokens_max,
      completion_tokens: quote.window_tokens,
      choices: quote.choices,
    },
    hold_usd: formatUsd(highestHold(quote, shard.value)),
    estimate: estimateOf(shard.value, plan.value),
    route_options: quote.prices.map((price) =>
      toRouteOption(price, {
        quote,
        model: shard.value.model,
        catalogue: catalogue.value,
      }),
    ),
  })
}

function termsOf({
  key,
  shard,
  plan,
  path,
}: {
  readonly key: CustomerKey
  readonly shard: PoolShard
  readonly plan: Plan
  readonly path: string
}): Omit<Quote, 'nonce' | 'expires_at_ms'> {
  const { route_tiers: routeTiers, trust_tiers: trustTiers } = key.policy
  const { model } = shard
  return {
    v: 1,
    account: key.accountId,
    key: key.keyId,
    path,
    model: model.id,
    price_version: model.version,
    prices: model.prices.filter(
      ({ route_tier, trust_tier }) =>
        (routeTiers?.includes(route_tier) ?? true) && (trustTiers?.includes(trust_tier) ?? true),
    ),
    prompt_bytes_max: plan.promptBytes,
    prompt_tokens_max: dearestPromptTokens(plan, shard),
    window_tokens: plan.windowTokens,
    choices: plan.choices,
    units_max: plan.units?.most ?? 0,
  }
}

/** At the dearest tier that the quote locks, since the request may be served in any of them. */
function highestHold(quote: Quote, { model }: PoolShard): bigint {
  const prices = quote.prices.flatMap(({ route_tier: routeTier, trust_tier: trustTier }) => {
    const price = priceFor(model, { routeTier, trustTier })
    return price ? [price] : []
  })
  return highestCharge(boundOf(quote), prices)
}

/** No request under it is held for more. */
const boundOf = (quote: Quote) => ({
  prompt: quote.prompt_tokens_max,
  completion: quote.window_tokens * quote.choices,
  units: quote.units_max,
})

/** By the bytes of the prompt and a full window, at the candidate that would be asked first. */
function estimateOf(shard: PoolShard, plan: Plan): object {
  const [first] = plan.candidates
  if (!first) return {}
  const bytes = { prompt: plan.promptBytes, completion: 0 }
  const { prompt } = countTokens(bytes, ratiosOf(shard, first.profileId))
  const completion = plan.windowTokens * plan.choices
  const units = plan.units?.most
  const tokens: BilledTokens = {
    prompt: prompt + plan.imageTokensMax,
    cachedPrompt: 0,
    completion,
    units,
  }
  const charge = chargeFor(tokens, first.price)
  const benchmark = chargeFor(tokens, benchmarkPrice(shard.model))
  return {
    route_tier: first.routeTier,
    trust_tier: first.trustTier,
    usage: {
      ...toWireUsage({ prompt: tokens.prompt, cached_prompt: 0, completion }),
      ...(units === undefined ? {} : { units }),
    },
    customer_charge_usd: formatUsd(charge),
    benchmark_cost_usd: formatUsd(benchmark),
    saved_usd: formatUsd(benchmark - charge),
  }
}

function toRouteOption(
  row: CataloguePrice,
  {
    quote,
    model,
    catalogue,
  }: {
    readonly quote: Quote
    readonly model: PoolShard['model']
    readonly catalogue: PublicCatalogue | undefined
  },
) {
  const { route_tier, trust_tier, ...pricing } = row
  const price = priceFor(model, { routeTier: route_tier, trustTier: trust_tier })
  const served = catalogue?.models
    .find((one) => one.model.id === model.id)
    ?.variants.find((one) => one.routeTier === route_tier && one.trustTier === trust_tier)
  return {
    route_tier,
    trust_tier,
    pricing,
    hold_usd: formatUsd(highestCharge(boundOf(quote), price ? [price] : [])),
    eligible_hosts: served?.eligibleHosts ?? 0,
    first_content_p50_ms: served ? Math.round(served.firstContentMs.p50) : null,
    tokens_per_second_p50: served ? Math.round(served.tokensPerSecond.p50) : null,
  }
}
