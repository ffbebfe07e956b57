/** The catalogue as operators set it: what is sold, which builds count as it, at what prices. */
import type { PricedModel } from '../catalogue/model.ts'
import type { CatalogueStore } from '../fleet/ports.ts'
import { parseUsd } from '../money/nano-usd.ts'
import type { CatalogueModel } from '../protocol/catalogue.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import { toList } from './page.ts'

export type ModelDeps = {
  readonly catalogue: CatalogueStore
}

export async function listModels({ catalogue }: ModelDeps): Promise<Result<object>> {
  return ok(toList({ items: await catalogue.listModels(), next: undefined }, toWireModel))
}

export async function putModel(
  { catalogue }: ModelDeps,
  model: CatalogueModel,
): Promise<Result<object>> {
  const others = (await catalogue.listModels()).filter((other) => other.id !== model.id)
  const fault = ownFault(model) ?? clash(model, others)
  if (fault)
    return refuse('invalid_value', { ...fault, message: `${fault.param} ${fault.message}` })
  // Concerns every host of the model: the next pass over the fleet, at most 15 s away, applies it.
  const stored = await catalogue.putModel(model)
  return ok(toWireModel(stored))
}

type Fault = { readonly param: string; readonly message: string }

/** What the fields' own shapes cannot say. */
function ownFault(model: CatalogueModel): Fault | undefined {
  if (model.max_output_tokens > model.context_length) {
    return { param: 'max_output_tokens', message: 'must not exceed context_length.' }
  }
  const rows = [model.benchmark_price, ...model.prices]
  for (const [index, row] of rows.entries()) {
    const wrong = Object.entries(row).find(
      ([field, usd]) =>
        field.includes('_usd') && (usd === undefined || parseUsd(usd) === undefined),
    )
    const at = index === 0 ? 'benchmark_price' : `prices.${index - 1}`
    if (wrong) return { param: `${at}.${wrong[0]}`, message: 'must be a decimal USD string.' }
  }
  const tiers = repeated(model.prices.map((row) => `${row.route_tier} ${row.trust_tier}`))
  if (tiers) return { param: `prices.${tiers.index}`, message: `prices ${tiers.value} again.` }
  const profile = repeated(model.profiles.map((one) => one.profile_id))
  if (profile) return { param: `profiles.${profile.index}.profile_id`, message: 'stands twice.' }
  const digest = repeated(model.profiles.map((one) => one.artifact.digest))
  if (digest) return { param: `profiles.${digest.index}.artifact.digest`, message: 'stands twice.' }
  return undefined
}

/** One build is one product: under two models its price would be a matter of order. */
function clash(model: CatalogueModel, others: readonly PricedModel[]): Fault | undefined {
  const owners = new Map(
    others.flatMap(({ id, profiles }) =>
      profiles.flatMap((one) => [
        [one.profile_id, id] as const,
        [one.artifact.digest, id] as const,
      ]),
    ),
  )
  for (const [index, one] of model.profiles.entries()) {
    const message = (id: string) => `belongs to the model ${id} already.`
    const byId = owners.get(one.profile_id)
    if (byId) return { param: `profiles.${index}.profile_id`, message: message(byId) }
    const byDigest = owners.get(one.artifact.digest)
    if (byDigest) return { param: `profiles.${index}.artifact.digest`, message: message(byDigest) }
  }
  return undefined
}

function repeated(values: readonly string[]): { index: number; value: string } | undefined {
  const index = values.findIndex((value, at) => values.indexOf(value) !== at)
  const value = values[index]
  return value === undefined ? undefined : { index, value }
}

const toWireModel = (model: PricedModel) => ({ object: 'model', ...model })
