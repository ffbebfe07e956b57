/** The catalogue as operators set it: what is sold, which builds count as it, at what prices. */
import * as z from 'zod'
import { modalityOfModel, type PricedModel } from '../catalogue/model.ts'
import type { CatalogueStore } from '../fleet/ports.ts'
import { parseUsd } from '../money/nano-usd.ts'
import type { CatalogueModel } from '../protocol/catalogue.ts'
import { ModelId } from '../protocol/ids.ts'
import { limits } from '../protocol/limits.ts'
import { isSoldByUnit, type Modality } from '../protocol/modality.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import { pageFields, pageOfAll, toList } from './page.ts'

export type ModelDeps = {
  readonly catalogue: CatalogueStore
}

export const ModelQuery = z.strictObject({ ...pageFields, after: ModelId.optional() })

/** By id; the cursor is an id. */
export async function listModels(
  { catalogue }: Pick<ModelDeps, 'catalogue'>,
  { limit, after }: z.infer<typeof ModelQuery> = ModelQuery.parse({}),
): Promise<Result<object>> {
  const all = await catalogue.listModels()
  return ok(
    toList(
      pageOfAll(all, ({ id }) => id, { limit, after }),
      toWireModel,
    ),
  )
}

export async function putModel(
  { catalogue }: ModelDeps,
  model: CatalogueModel,
): Promise<Result<object>> {
  const all = await catalogue.listModels()
  const others = all.filter((other) => other.id !== model.id)
  const fault = ownFault(model) ?? changeFault(model, all) ?? clash(model, others)
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
      ([field, usd]) => field.includes('_usd') && usd !== undefined && parseUsd(usd) === undefined,
    )
    const at = index === 0 ? 'benchmark_price' : `prices.${index - 1}`
    if (wrong) return { param: `${at}.${wrong[0]}`, message: 'must be a decimal USD string.' }
  }
  const fault = modalityFault(model)
  if (fault) return fault
  const tiers = repeated(model.prices.map((row) => `${row.route_tier} ${row.trust_tier}`))
  if (tiers) return { param: `prices.${tiers.index}`, message: `prices ${tiers.value} again.` }
  const profile = repeated(model.profiles.map((one) => one.profile_id))
  if (profile) return { param: `profiles.${profile.index}.profile_id`, message: 'stands twice.' }
  const digest = repeated(model.profiles.map((one) => one.artifact.digest))
  if (digest) return { param: `profiles.${digest.index}.artifact.digest`, message: 'stands twice.' }
  return undefined
}

/** What a model is sold by is priced, and nothing else is. */
function modalityFault(model: CatalogueModel): Fault | undefined {
  const modality = modalityOfModel(model)
  const rows = [
    { at: 'benchmark_price', ...model.benchmark_price },
    ...model.prices.map((row, index) => ({ at: `prices.${index}`, ...row })),
  ]
  for (const row of rows) {
    const wrong = isSoldByUnit(modality) ? unitPriceFault(row) : tokenPriceFault(row, modality)
    if (wrong) return { param: `${row.at}.${wrong.field}`, message: wrong.message }
  }
  return undefined
}

type PriceRow = {
  readonly prompt_usd_per_mtok: string
  readonly cached_prompt_usd_per_mtok?: string
  readonly completion_usd_per_mtok: string
  readonly unit_usd?: string | undefined
}
type FieldFault = { readonly field: keyof PriceRow; readonly message: string }

const tokenFields = [
  'prompt_usd_per_mtok',
  'cached_prompt_usd_per_mtok',
  'completion_usd_per_mtok',
] as const

function unitPriceFault(row: PriceRow): FieldFault | undefined {
  if (row.unit_usd === undefined) {
    return { field: 'unit_usd', message: 'is missing: images and audio are sold by the unit.' }
  }
  const field = tokenFields.find((name) => !isZero(row[name] ?? '0'))
  return field && { field, message: 'must be "0": images and audio are sold by the unit alone.' }
}

function tokenPriceFault(row: PriceRow, modality: Modality): FieldFault | undefined {
  if (row.unit_usd !== undefined) {
    return { field: 'unit_usd', message: 'must be left out: only images and audio have units.' }
  }
  if (modality === 'text' || isZero(row.completion_usd_per_mtok)) return undefined
  const message = 'must be "0": embeddings and moderations write no text.'
  return { field: 'completion_usd_per_mtok', message }
}

const isZero = (usd: string): boolean => parseUsd(usd) === 0n

/** Evidence, references and reputations are of what a model was for. */
function changeFault(model: CatalogueModel, all: readonly PricedModel[]): Fault | undefined {
  const before = all.find(({ id }) => id === model.id)
  if (before && modalityOfModel(before) !== modalityOfModel(model)) {
    const message = `cannot change: it is ${modalityOfModel(before)}. Sell the builds under another id.`
    return { param: 'modality', message }
  }
  if (before || all.length < limits.catalogueModels) return undefined
  const message = `is one too many: the catalogue has ${limits.catalogueModels} models at the most.`
  return { param: 'id', message }
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
