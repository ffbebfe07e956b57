/** Models and their prices as they are stored: the current version, and every one there ever was. */
import * as z from 'zod'
import type { PricedModel } from '../../../catalogue/model.ts'
import { CatalogueModel } from '../../../protocol/catalogue.ts'
import { fromBody, toBody } from './json-body.ts'

export const VersionedModel = CatalogueModel.extend({
  version: z.int().min(1),
}) satisfies z.ZodType<PricedModel>

export const cataloguePartition = 'catalogue'
export const modelPrefix = 'model#'
export const modelKey = (model: string) => ({
  pk: cataloguePartition,
  sk: `${modelPrefix}${model}`,
})

/** Sorts by version: a receipt's price version is found for as long as the receipt is. */
export const priceKey = (model: string, version: number) => ({
  pk: `price#${model}`,
  sk: `v#${String(version).padStart(10, '0')}`,
})

/** `version` stands beside the body as well, where conditions can see it. */
export const toModelItem = (model: PricedModel) => ({
  ...modelKey(model.id),
  ...toModelFields(model),
})

export const toPriceItem = (model: PricedModel) => ({
  ...priceKey(model.id, model.version),
  ...toModelFields(model),
})

export const fromModelItem = (item: unknown): PricedModel => fromBody(VersionedModel, item)

const toModelFields = (model: PricedModel) => ({
  version: model.version,
  body: toBody(model, 'a model'),
})
