/** The catalogue as the router and the ledger use it: prices as money, builds by digest. */
import { parseUsd } from '../money/nano-usd.ts'
import type { Price } from '../money/price.ts'
import { assert } from '../protocol/assert.ts'
import type {
  CatalogueModel,
  CataloguePrice,
  ProfileManifest,
  RouteTier,
  TrustTier,
} from '../protocol/catalogue.ts'
import type { Modality } from '../protocol/modality.ts'

/** A stored model: each change of it makes a new version, which holds and receipts name. */
export type PricedModel = CatalogueModel & { readonly version: number }

export const modalityOfModel = (model: CatalogueModel): Modality => model.modality ?? 'text'

export type Tiers = { readonly routeTier: RouteTier; readonly trustTier: TrustTier }

/** Undefined where the operator lists no price: that combination is not sold. */
export function priceFor(model: CatalogueModel, tiers: Tiers): Price | undefined {
  const row = model.prices.find(
    (one) => one.route_tier === tiers.routeTier && one.trust_tier === tiers.trustTier,
  )
  return row && toPrice(row)
}

export function profileByDigest(
  models: readonly PricedModel[],
  digest: string,
): { readonly model: PricedModel; readonly manifest: ProfileManifest } | undefined {
  for (const model of models) {
    const manifest = model.profiles.find((profile) => profile.artifact.digest === digest)
    if (manifest) return { model, manifest }
  }
  return undefined
}

/** A profile whose artifact has changed is another build: both must be the same. */
export const profileOf = (
  model: CatalogueModel,
  of: { readonly profileId: string; readonly artifactDigest: string },
): ProfileManifest | undefined =>
  model.profiles.find(
    ({ profile_id, artifact }) =>
      profile_id === of.profileId && artifact.digest === of.artifactDigest,
  )

export const approvedDigests = (model: CatalogueModel): ReadonlySet<string> =>
  new Set(model.profiles.map((profile) => profile.artifact.digest))

/** What a direct upstream would have asked; the saving is measured against it. */
export function benchmarkPrice(model: CatalogueModel): Price {
  const { prompt_usd_per_mtok, completion_usd_per_mtok, unit_usd } = model.benchmark_price
  return {
    promptNanoUsdPerMTok: amount(prompt_usd_per_mtok),
    cachedPromptNanoUsdPerMTok: amount(prompt_usd_per_mtok),
    completionNanoUsdPerMTok: amount(completion_usd_per_mtok),
    ...unitPrice(unit_usd),
  }
}

function toPrice(row: CataloguePrice): Price {
  return {
    promptNanoUsdPerMTok: amount(row.prompt_usd_per_mtok),
    cachedPromptNanoUsdPerMTok: amount(row.cached_prompt_usd_per_mtok),
    completionNanoUsdPerMTok: amount(row.completion_usd_per_mtok),
    ...unitPrice(row.unit_usd),
  }
}

const unitPrice = (usd: string | undefined): Pick<Price, 'unitNanoUsd'> =>
  usd === undefined ? {} : { unitNanoUsd: amount(usd) }

/** The schema admits nothing else, so a failure here is a bug. */
function amount(usd: string): bigint {
  const parsed = parseUsd(usd)
  assert(parsed !== undefined, 'catalogue prices are decimal USD', { usd })
  return parsed
}
