// What each kind of model must be priced by, and what its catalogue entry may become.
import { describe, expect, test } from 'vitest'
import { listModels, putModel } from '../../src/admin/models.ts'
import type { PricedModel } from '../../src/catalogue/model.ts'
import type { CatalogueModel } from '../../src/protocol/catalogue.ts'
import { limits } from '../../src/protocol/limits.ts'
import type { Modality } from '../../src/protocol/modality.ts'
import { modelOnSale } from '../support/model-on-sale.ts'

/** A catalogue in memory: what is put is stored as its next version. */
function openCatalogue(stored: readonly CatalogueModel[] = []) {
  const models = new Map<string, PricedModel>()
  const putOne = async (model: CatalogueModel) => {
    const next = { ...model, version: (models.get(model.id)?.version ?? 0) + 1 }
    models.set(model.id, next)
    return next
  }
  for (const model of stored) models.set(model.id, { ...model, version: 1 })
  const catalogue = {
    putModel: putOne,
    listModels: async () => [...models.values()],
    readVersion: async () => undefined,
  }
  return { catalogue, models }
}

const noTokens = {
  prompt_usd_per_mtok: '0',
  cached_prompt_usd_per_mtok: '0',
  completion_usd_per_mtok: '0',
}
const free = { prompt_usd_per_mtok: '0', completion_usd_per_mtok: '0' }
const tiers = { route_tier: 'network_beta', trust_tier: 'T0' } as const

/** Prices as they must be; `changes` to its one row, and to the price elsewhere. */
function priced(
  modality: Modality,
  changes: { readonly row?: object; readonly benchmark?: object } = {},
): CatalogueModel {
  const isByUnit = modality === 'image' || modality === 'transcription'
  const unit = isByUnit ? { unit_usd: '0.02' } : {}
  const completion = { completion_usd_per_mtok: modality === 'text' ? '2' : '0' }
  const tokens = { prompt_usd_per_mtok: '1', cached_prompt_usd_per_mtok: '0.5', ...completion }
  const row = { ...tiers, ...(isByUnit ? noTokens : tokens), ...unit, ...changes.row }
  const elsewhere = isByUnit ? free : { prompt_usd_per_mtok: '4', ...completion }
  return modelOnSale(`maker/${modality}`, {
    modality,
    prices: [row],
    benchmark_price: { ...elsewhere, ...unit, ...changes.benchmark },
  })
}

const faultOf = async (model: CatalogueModel, stored: readonly CatalogueModel[] = []) => {
  const { catalogue, models } = openCatalogue(stored)
  const result = await putModel({ catalogue }, model)
  expect([...models.keys()]).toEqual([
    ...new Set([...stored.map(({ id }) => id), ...(result.ok ? [model.id] : [])]),
  ])
  return result.ok ? undefined : result.error
}

test.each(['text', 'embedding', 'moderation', 'image', 'transcription'] as const)(
  'a model for %s is stored and shown with what it is for',
  async (modality) => {
    const { catalogue } = openCatalogue()
    const model = priced(modality)
    expect(await putModel({ catalogue }, model)).toMatchObject({ ok: true, value: { modality } })
    const listed = await listModels({ catalogue })
    expect(listed).toMatchObject({ ok: true, value: { data: [{ ...model, version: 1 }] } })
  },
)

const unit = { unit_usd: '0.02' }
const perToken = { completion_usd_per_mtok: '1' }

describe('a price that does not fit what is sold is refused by its field', () => {
  test.each<[string, CatalogueModel, string, string]>([
    ['text by the unit', priced('text', { row: unit }), 'prices.0.unit_usd', 'left out'],
    [
      'text by the unit elsewhere',
      priced('text', { benchmark: unit }),
      'benchmark_price.unit_usd',
      'left out',
    ],
    ['vectors by the unit', priced('embedding', { row: unit }), 'prices.0.unit_usd', 'left out'],
    [
      'vectors by the written token',
      priced('embedding', { row: perToken }),
      'prices.0.completion_usd_per_mtok',
      'must be "0"',
    ],
    [
      'verdicts by the written token elsewhere',
      priced('moderation', { benchmark: perToken }),
      'benchmark_price.completion_usd_per_mtok',
      'must be "0"',
    ],
    [
      'images without a unit',
      priced('image', { row: { unit_usd: undefined } }),
      'prices.0.unit_usd',
      'missing',
    ],
    [
      'images without a unit elsewhere',
      priced('image', { benchmark: { unit_usd: undefined } }),
      'benchmark_price.unit_usd',
      'missing',
    ],
    [
      'audio by the token, too',
      priced('transcription', { row: { prompt_usd_per_mtok: '0.1' } }),
      'prices.0.prompt_usd_per_mtok',
      'must be "0"',
    ],
    [
      'audio by the cached token, too',
      priced('transcription', { row: { cached_prompt_usd_per_mtok: '0.1' } }),
      'prices.0.cached_prompt_usd_per_mtok',
      'must be "0"',
    ],
  ])('%s', async (_, model, param, words) => {
    const fault = await faultOf(model)
    expect(fault).toMatchObject({ code: 'invalid_value', param })
    expect(fault?.message).toContain(words)
    expect(fault?.message).toMatch(/^[a-z_]+(\.\d)?\.\w+ .*\.$/)
  })

  test('and zero may be written as one likes', async () => {
    expect(await faultOf(priced('image', { row: { prompt_usd_per_mtok: '0.00' } }))).toBeUndefined()
  })
})

test('what a model is for stays as it is; a model that was stored without it is for text', async () => {
  const { modality: _, ...older } = priced('text')
  expect(await faultOf(priced('text'), [older])).toBeUndefined()
  const fault = await faultOf({ ...priced('embedding'), id: older.id }, [older])
  expect(fault).toMatchObject({ code: 'invalid_value', param: 'modality' })
  expect(fault?.message).toContain('it is text')
})

test('a catalogue that is full takes changes, and no further model', async () => {
  const full = Array.from({ length: limits.catalogueModels }, (_, index) =>
    modelOnSale(`maker/${index}`, { profiles: [] }),
  )
  const changed = modelOnSale('maker/7', { name: 'Seven', profiles: [] })
  expect(await faultOf(changed, full)).toBeUndefined()
  const fault = await faultOf(modelOnSale('maker/more', { profiles: [] }), full)
  expect(fault).toMatchObject({ code: 'invalid_value', param: 'id' })
})
