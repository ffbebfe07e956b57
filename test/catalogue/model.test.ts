import { describe, expect, test } from 'vitest'
import {
  approvedDigests,
  benchmarkPrice,
  priceFor,
  profileByDigest,
  profileOf,
} from '../../src/catalogue/model.ts'
import { digest } from '../adapters/dynamodb/facts.ts'
import { modelOnSale } from '../support/model-on-sale.ts'

const model = { ...modelOnSale('maker/model'), version: 1 }

describe('a price', () => {
  test('is that of its route and trust tier, as money', () => {
    expect(priceFor(model, { routeTier: 'network_beta', trustTier: 'T0' })).toEqual({
      promptNanoUsdPerMTok: 1_000_000_000n,
      cachedPromptNanoUsdPerMTok: 500_000_000n,
      completionNanoUsdPerMTok: 2_000_000_000n,
    })
  })

  test.each([
    { routeTier: 'portable_local', trustTier: 'T0' },
    { routeTier: 'network_beta', trustTier: 'T1' },
  ] as const)('is none where none is listed: %o', (tiers) => {
    expect(priceFor(model, tiers)).toBeUndefined()
  })

  test('elsewhere knows no cached prompt', () => {
    expect(benchmarkPrice(model)).toEqual({
      promptNanoUsdPerMTok: 4_000_000_000n,
      cachedPromptNanoUsdPerMTok: 4_000_000_000n,
      completionNanoUsdPerMTok: 8_000_000_000n,
    })
  })

  test('that is no amount is a bug of whoever stored it', () => {
    const prices = model.prices.map((row) => ({ ...row, completion_usd_per_mtok: '2,50' }))
    const at = { routeTier: 'network_beta', trustTier: 'T0' } as const
    expect(() => priceFor({ ...model, prices }, at)).toThrow('catalogue prices are decimal USD')
  })
})

describe('a build', () => {
  const other = { ...modelOnSale('maker/other', { profiles: [] }), version: 1 }

  test('is found by its digest, with the model that it is one of', () => {
    expect(profileByDigest([other, model], digest)).toEqual({
      model,
      manifest: model.profiles[0],
    })
    expect(profileByDigest([other], digest)).toBeUndefined()
  })

  test('is one of a model by its name and its digest together', () => {
    const profileId = 'maker/model@q8'
    const changed = `sha256:${'9'.repeat(64)}`
    expect(profileOf(model, { profileId, artifactDigest: digest })).toBe(model.profiles[0])
    expect(profileOf(model, { profileId, artifactDigest: changed })).toBeUndefined()
    expect(profileOf(model, { profileId: 'other', artifactDigest: digest })).toBeUndefined()
  })

  test('is approved by the manifest of a model', () => {
    expect(approvedDigests(model)).toEqual(new Set([digest]))
    expect(approvedDigests(other)).toEqual(new Set())
  })
})
