import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import type { PublicModel } from '../../src/fleet/ports.ts'
import { listModels, perToken, showModel } from '../../src/gateway/models.ts'
import type { CustomerKey } from '../../src/keys/api-key.ts'
import { parseUsd } from '../../src/money/nano-usd.ts'
import type { CataloguePrice } from '../../src/protocol/catalogue.ts'
import { aKey } from '../adapters/dynamodb/facts.ts'
import { modelOnSale } from '../support/model-on-sale.ts'

const row = (
  trust_tier: CataloguePrice['trust_tier'],
  prompt: string,
  completion: string,
): CataloguePrice => ({
  route_tier: 'network_beta',
  trust_tier,
  prompt_usd_per_mtok: prompt,
  cached_prompt_usd_per_mtok: '0',
  completion_usd_per_mtok: completion,
})

const listed = (id: string, prices = [row('T0', '1', '2')]): PublicModel => ({
  model: { ...modelOnSale(id, { prices }), version: 1 },
  eligibleHosts: 3,
  firstContentP50Ms: 180.6,
  tokensPerSecondP50: 61.4,
  quantizations: ['Q4_K_M', 'Q8_0'],
  variants: [
    {
      routeTier: 'network_beta',
      trustTier: 'T0',
      eligibleHosts: 3,
      firstContentMs: { p50: 180.6, p95: 420.4 },
      tokensPerSecond: { p50: 61.4, p5: 12.2 },
      capabilities: { tools: true, jsonSchema: false, logprobs: true },
      contextTokens: 16_384,
    },
  ],
})
const catalogue = { builtAtMs: 0, models: [listed('maker/large'), listed('other/small')] }
const keyFor = (...models_allowed: string[]): CustomerKey => ({
  ...aKey('acct_1', { policy: { exposes_node_id: false, models_allowed } }),
  ordinal: 1,
})

const Pricing = z.object({ prompt: z.string(), completion: z.string() })
const pricingOf = (model: PublicModel) =>
  listModels({ builtAtMs: 0, models: [model] }, undefined).data.map((one) =>
    Pricing.parse(one.pricing),
  )

describe('a price per token', () => {
  test.each([
    ['0', '0'],
    ['1', '0.000001'],
    ['0.15', '0.00000015'],
    ['0.000000001', '0.000000000000001'],
    ['1000000', '1'],
    ['1500000.5', '1.5000005'],
    ['999999999.999999999', '999.999999999999999'],
  ])('of USD %s a million is %s', (perMTok, expected) => {
    expect(perToken(parseUsd(perMTok) ?? -1n)).toBe(expected)
  })

  test('is exact: a million of them are the price again', () => {
    const anyPrice = fc.bigInt({ min: 0n, max: 10n ** 18n - 1n })
    fc.assert(
      fc.property(anyPrice, (nanoUsdPerMTok) => {
        const text = perToken(nanoUsdPerMTok)
        expect(text).toMatch(/^(0|[1-9]\d*)(\.\d*[1-9])?$/)
        const [whole = '', decimals = ''] = text.split('.')
        expect(decimals.length).toBeLessThanOrEqual(15)
        expect(BigInt(whole + decimals.padEnd(15, '0'))).toBe(nanoUsdPerMTok)
      }),
    )
  })
})

describe('the list', () => {
  test('is empty before the first pass over the fleet', () => {
    expect(listModels(undefined, undefined)).toEqual({ object: 'list', data: [] })
  })

  test('has the fields of OpenAI and those of OpenRouter', () => {
    expect(listModels(catalogue, undefined).data[0]).toMatchObject({
      id: 'maker/large',
      object: 'model',
      created: 0,
      owned_by: 'b3iq',
      context_length: 32_768,
      architecture: { input_modalities: ['text'], output_modalities: ['text'] },
      pricing: { prompt: '0.000001', completion: '0.000002', input_cache_read: '0' },
      quantization: 'Q4_K_M',
      top_provider: { context_length: 32_768, max_completion_tokens: 8_192, is_moderated: false },
      eligible_hosts: 3,
      measured: { first_content_p50_ms: 181, tokens_per_second_p50: 61 },
    })
  })

  test('shows the cheapest price, wherever it stands', () => {
    const prices = [row('T0', '1', '3'), row('T1', '9', '2'), row('T2', '4', '2')]
    expect(pricingOf(listed('m', prices))).toEqual([{ prompt: '0.000004', completion: '0.000002' }])
  })

  test.each([
    ['image' as const, { image: '0.02' }],
    ['transcription' as const, { audio: '0.02' }],
  ])('shows the cheapest price of a unit: %s', (modality, price) => {
    const prices = ['0.5', '0.02'].map((unit_usd, at) => {
      const tier = at === 0 ? 'T0' : 'T1'
      return { ...row(tier, '0', '0'), unit_usd }
    })
    const { model, ...rest } = listed('m', prices)
    const shown = listModels(
      { builtAtMs: 0, models: [{ ...rest, model: { ...model, modality } }] },
      undefined,
    )
    expect(shown.data[0]?.pricing).toEqual({
      prompt: '0',
      completion: '0',
      input_cache_read: '0',
      ...price,
    })
  })

  test('shows no price where none is listed', () => {
    const model = listed('m', [])
    expect(listModels({ builtAtMs: 0, models: [model] }, undefined).data[0]?.pricing).toEqual({})
  })

  test('shows a key what it may call', () => {
    const idsFor = (key: CustomerKey) => listModels(catalogue, key).data.map(({ id }) => id)
    expect(idsFor(keyFor('other/*'))).toEqual(['other/small'])
    expect(idsFor(keyFor())).toEqual([])
  })
})

describe('one model', () => {
  test('has a variant for each price, with what is measured of who serves it', () => {
    const prices = [row('T0', '1', '2'), row('T1', '3', '4')]
    const shown = showModel({ builtAtMs: 0, models: [listed('m', prices)] }, 'm', undefined)
    expect(shown).toMatchObject({
      ok: true,
      value: {
        id: 'm',
        route_variants: [
          {
            route_tier: 'network_beta',
            trust_tier: 'T0',
            pricing: { prompt: '0.000001', completion: '0.000002' },
            eligible_hosts: 3,
            measured: {
              first_content_p50_ms: 181,
              first_content_p95_ms: 420,
              tokens_per_second_p50: 61,
              tokens_per_second_p5: 12,
              context_tokens: 16_384,
            },
            capabilities: { tools: true, json_schema: false, logprobs: true },
          },
          {
            trust_tier: 'T1',
            pricing: { prompt: '0.000003', completion: '0.000004' },
            eligible_hosts: 0,
            measured: null,
            capabilities: { tools: false, json_schema: false, logprobs: false },
          },
        ],
      },
    })
  })

  test.each([
    ['unlisted', 'no/such', undefined],
    ['not for this key', 'maker/large', keyFor('other/*')],
  ])('%s is not found', (_, id, key) => {
    expect(showModel(catalogue, id, key)).toMatchObject({ error: { code: 'model_not_found' } })
  })
})
