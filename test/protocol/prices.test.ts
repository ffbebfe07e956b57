import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatUsd, parseUsd } from '../../src/money/nano-usd.ts'
import { KeyLimits } from '../../src/protocol/account.ts'
import { CataloguePrice } from '../../src/protocol/catalogue.ts'

const priceOf = (usd: string) =>
  CataloguePrice.safeParse({
    route_tier: 'network_beta',
    trust_tier: 'T0',
    prompt_usd_per_mtok: usd,
    cached_prompt_usd_per_mtok: usd,
    completion_usd_per_mtok: usd,
  }).success
const capOf = (usd: string) => KeyLimits.safeParse({ spend_usd_per_day: usd }).success

const decimalText = fc.stringMatching(/^-?\d{0,14}(\.\d{0,11})?$/)

describe('an amount that a schema takes', () => {
  test('is an amount of money', () => {
    fc.assert(
      fc.property(decimalText, (text) => {
        if (priceOf(text) || capOf(text)) expect(parseUsd(text)).toBeDefined()
      }),
    )
  })

  test('is any amount that money is written in, to nine digits and USD a billion', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 18n - 1n }), (nanoUsd) => {
        expect(priceOf(formatUsd(nanoUsd))).toBe(true)
        expect(capOf(formatUsd(nanoUsd))).toBe(true)
      }),
    )
  })

  test.each(['', '-1', '01', '.5', '1.', '1e3', '1,5', '0.0000000001', ' 1'])(
    'is not %j',
    (text) => {
      expect(priceOf(text)).toBe(false)
      expect(capOf(text)).toBe(false)
    },
  )
})
