/** Models as OpenAI's list shows them, with the fields that OpenRouter's clients read beside. */
import { modalityOfModel, priceFor } from '../catalogue/model.ts'
import type { PublicCatalogue, PublicModel } from '../fleet/ports.ts'
import type { CustomerKey } from '../keys/api-key.ts'
import { formatUsd, type NanoUsd } from '../money/nano-usd.ts'
import type { Modality } from '../protocol/modality.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import { allowsModel } from './admit.ts'
import { pricesFor } from './route-policy.ts'
import { inputModalities, outputModalities, supportedParameters } from './supported-parameters.ts'

/** Decimal places that turn a price per million tokens into one per token without loss. */
const perTokenDecimals = 15

export function listModels(catalogue: PublicCatalogue | undefined, key: CustomerKey | undefined) {
  const models = (catalogue?.models ?? []).flatMap((listed) => visibleTo(key, listed) ?? [])
  return { object: 'list', data: models.map((model) => toWireModel(model)) }
}

/** As far as the key may buy it; undefined where it may not, or not from anybody who serves it now. */
function visibleTo(key: CustomerKey | undefined, listed: PublicModel): PublicModel | undefined {
  const { model } = listed
  if (!key) return listed
  if (!allowsModel(key, model.id)) return undefined
  const prices = pricesFor(model, key)
  if (prices.length === model.prices.length) return listed
  const variants = listed.variants.filter(({ routeTier, trustTier }) =>
    prices.some((row) => row.route_tier === routeTier && row.trust_tier === trustTier),
  )
  const eligibleHosts = variants.reduce((sum, variant) => sum + variant.eligibleHosts, 0)
  if (eligibleHosts === 0) return undefined
  return { ...listed, model: { ...model, prices }, variants, eligibleHosts }
}

export function showModel(
  catalogue: PublicCatalogue | undefined,
  id: string,
  key: CustomerKey | undefined,
): Result<object> {
  const listed = catalogue?.models.find(({ model }) => model.id === id)
  const found = listed && visibleTo(key, listed)
  if (!found) return refuse('model_not_found', { param: 'model' })
  const variants = found.model.prices.map((price) => toWireVariant(found, price))
  return ok({ ...toWireModel(found), route_variants: variants })
}

/** A price is listed also while nobody serves it: then nothing is measured. */
function toWireVariant(listed: PublicModel, price: PricedRow) {
  const { route_tier, trust_tier } = price
  const served = listed.variants.find(
    ({ routeTier, trustTier }) => routeTier === route_tier && trustTier === trust_tier,
  )
  return {
    route_tier,
    trust_tier,
    pricing: pricing(listed, price),
    eligible_hosts: served?.eligibleHosts ?? 0,
    measured: served
      ? {
          first_content_p50_ms: Math.round(served.firstContentMs.p50),
          first_content_p95_ms: Math.round(served.firstContentMs.p95),
          tokens_per_second_p50: Math.round(served.tokensPerSecond.p50),
          tokens_per_second_p5: Math.round(served.tokensPerSecond.p5),
          context_tokens: served.contextTokens,
        }
      : null,
    capabilities: {
      tools: served?.capabilities.tools ?? false,
      json_schema: served?.capabilities.jsonSchema ?? false,
      logprobs: served?.capabilities.logprobs ?? false,
    },
  }
}

function toWireModel(listed: PublicModel) {
  const { model } = listed
  const cheapest = cheapestOf(listed)
  return {
    id: model.id,
    object: 'model',
    // Clients need a number here even where the operator gave none.
    created: model.created ?? 0,
    owned_by: 'b3iq',
    name: model.name,
    description: model.description,
    context_length: model.context_length,
    architecture: {
      input_modalities: inputModalities(listed),
      output_modalities: outputModalities(listed),
    },
    pricing: cheapest ? pricing(listed, cheapest) : {},
    supported_parameters: supportedParameters(listed),
    quantization: listed.quantizations[0] ?? null,
    top_provider: {
      context_length: model.context_length,
      max_completion_tokens: model.max_output_tokens,
      is_moderated: false,
    },
    eligible_hosts: listed.eligibleHosts,
    measured: {
      first_content_p50_ms: Math.round(listed.firstContentP50Ms),
      tokens_per_second_p50: Math.round(listed.tokensPerSecondP50),
    },
  }
}

/** By what a completion token costs, then by what a prompt token or a unit does. */
function cheapestOf({ model }: PublicModel): PricedRow | undefined {
  const priced = model.prices.flatMap((row) => {
    const price = priceFor(model, { routeTier: row.route_tier, trustTier: row.trust_tier })
    return price ? [{ row, price }] : []
  })
  const [cheapest] = priced.toSorted(({ price: one }, { price: other }) =>
    Number(
      one.completionNanoUsdPerMTok - other.completionNanoUsdPerMTok ||
        one.promptNanoUsdPerMTok - other.promptNanoUsdPerMTok ||
        (one.unitNanoUsd ?? 0n) - (other.unitNanoUsd ?? 0n),
    ),
  )
  return cheapest?.row
}

type PricedRow = PublicModel['model']['prices'][number]

function pricing({ model }: PublicModel, row: PricedRow) {
  const price = priceFor(model, { routeTier: row.route_tier, trustTier: row.trust_tier })
  return {
    prompt: perToken(price?.promptNanoUsdPerMTok ?? 0n),
    completion: perToken(price?.completionNanoUsdPerMTok ?? 0n),
    input_cache_read: perToken(price?.cachedPromptNanoUsdPerMTok ?? 0n),
    ...unitPricing(modalityOfModel(model), price?.unitNanoUsd),
  }
}

/** In OpenRouter's words: USD for one image, or for one begun second of audio. */
function unitPricing(modality: Modality, unitNanoUsd: NanoUsd | undefined) {
  if (unitNanoUsd === undefined) return {}
  return modality === 'image'
    ? { image: formatUsd(unitNanoUsd) }
    : { audio: formatUsd(unitNanoUsd) }
}

/** USD per token as a decimal string: exact, because a price per million has nine decimals. */
export function perToken(nanoUsdPerMTok: NanoUsd): string {
  const usdPerMTok = formatUsd(nanoUsdPerMTok)
  const [whole = '0', fraction = ''] = usdPerMTok.split('.')
  const digits = `${whole.padStart(7, '0')}${fraction.padEnd(perTokenDecimals - 6, '0')}`
  const point = digits.length - perTokenDecimals
  const decimals = digits.slice(point).replace(/0+$/, '')
  const units = digits.slice(0, point).replace(/^0+(?=\d)/, '')
  return decimals === '' ? units : `${units}.${decimals}`
}
