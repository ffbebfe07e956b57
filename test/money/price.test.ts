import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  affordableCompletion,
  type BilledTokens,
  chargeFor,
  highestCharge,
  type Price,
  splitCharge,
} from '../../src/money/price.ts'

const perMTok = 1_000_000n

const tokenCount = fc.integer({ min: 0, max: 100_000_000 })
const nanoUsdPerMTok = fc.bigInt({ min: 0n, max: 10n ** 12n })
const anyPrice: fc.Arbitrary<Price> = fc.record({
  promptNanoUsdPerMTok: nanoUsdPerMTok,
  cachedPromptNanoUsdPerMTok: nanoUsdPerMTok,
  completionNanoUsdPerMTok: nanoUsdPerMTok,
})
const somePrices = fc.array(anyPrice, { minLength: 1, maxLength: 3 })

/** Usage that stays within a bound: cached tokens are part of the prompt. */
const usageWithin = (bound: { readonly prompt: number; readonly completion: number }) =>
  fc.integer({ min: 0, max: bound.prompt }).chain((prompt) =>
    fc.record({
      prompt: fc.constant(prompt),
      cachedPrompt: fc.integer({ min: 0, max: prompt }),
      completion: fc.integer({ min: 0, max: bound.completion }),
    }),
  )
const bound = fc.record({ prompt: tokenCount, completion: tokenCount })
const boundAndUsage = bound.chain((most) => fc.tuple(fc.constant(most), usageWithin(most)))
const anyUsage = boundAndUsage.map(([, usage]) => usage)

const price = (prompt: bigint, cachedPrompt: bigint, completion: bigint): Price => ({
  promptNanoUsdPerMTok: prompt,
  cachedPromptNanoUsdPerMTok: cachedPrompt,
  completionNanoUsdPerMTok: completion,
})
const tokens = (prompt: number, cachedPrompt: number, completion: number): BilledTokens => ({
  prompt,
  cachedPrompt,
  completion,
})

describe('a charge', () => {
  test.each([
    ['nothing', tokens(0, 0, 0), price(5n, 5n, 5n), 0n],
    [
      'a million tokens of each class',
      tokens(2_000_000, 1_000_000, 1_000_000),
      price(3n, 2n, 7n),
      12n,
    ],
    ['one token of a millionth', tokens(1, 0, 0), price(1n, 0n, 0n), 1n],
    // Rounded by class this would be 3 nano-USD.
    ['a fraction of each class', tokens(2, 1, 1), price(1n, 1n, 1n), 1n],
    ['exactly one nano-USD', tokens(1, 0, 0), price(perMTok, 0n, 0n), 1n],
    ['one nano-USD and a bit', tokens(1, 0, 1), price(perMTok, 0n, 1n), 2n],
    ['cached prompt tokens at their own price', tokens(10, 10, 0), price(perMTok, 0n, 0n), 0n],
    ['any tokens at no price', tokens(10, 3, 10), price(0n, 0n, 0n), 0n],
  ])('for %s', (_, usage, at, charge) => {
    expect(chargeFor(usage, at)).toBe(charge)
  })

  test('is rounded once, up, to the next whole nano-USD', () => {
    fc.assert(
      fc.property(anyUsage, anyPrice, (usage, at) => {
        const exact =
          BigInt(usage.prompt - usage.cachedPrompt) * at.promptNanoUsdPerMTok +
          BigInt(usage.cachedPrompt) * at.cachedPromptNanoUsdPerMTok +
          BigInt(usage.completion) * at.completionNanoUsdPerMTok
        const over = chargeFor(usage, at) * perMTok - exact
        expect(over >= 0n && over < perMTok).toBe(true)
      }),
    )
  })
})

describe('the highest charge', () => {
  test('is never exceeded by usage within its bound, at any of the prices', () => {
    fc.assert(
      fc.property(boundAndUsage, somePrices, ([most, usage], prices) => {
        const highest = highestCharge(most, prices)
        for (const at of prices) expect(chargeFor(usage, at) <= highest).toBe(true)
      }),
    )
  })

  test('is reached by the bound itself, cached or not, so that no more is held than needed', () => {
    fc.assert(
      fc.property(bound, somePrices, (most, prices) => {
        const charges = prices.flatMap((at) =>
          [0, most.prompt].map((cachedPrompt) => chargeFor({ ...most, cachedPrompt }, at)),
        )
        expect(charges).toContain(highestCharge(most, prices))
      }),
    )
  })
})

describe('the affordable completion', () => {
  const budget = fc.bigInt({ min: 0n, max: 10n ** 15n })

  test('fits into the budget beside the prompt, and one token more does not', () => {
    fc.assert(
      fc.property(budget, tokenCount, somePrices, (available, prompt, prices) => {
        const chargeOf = (completion: number) => highestCharge({ prompt, completion }, prices)
        const count = affordableCompletion(available, prompt, prices)
        fc.pre(chargeOf(0) <= available && count < Number.MAX_SAFE_INTEGER)
        expect(chargeOf(count) <= available).toBe(true)
        expect(chargeOf(count + 1) > available).toBe(true)
      }),
    )
  })

  test('is nothing where the prompt alone costs more', () => {
    fc.assert(
      fc.property(budget, tokenCount, somePrices, (available, prompt, prices) => {
        fc.pre(highestCharge({ prompt, completion: 0 }, prices) > available)
        expect(affordableCompletion(available, prompt, prices)).toBe(0)
      }),
    )
  })

  test('has no end where completion tokens cost nothing', () => {
    expect(affordableCompletion(0n, 0, [price(1n, 1n, 0n)])).toBe(Number.MAX_SAFE_INTEGER)
    expect(affordableCompletion(10n ** 21n, 0, [price(1n, 1n, 1n)])).toBe(Number.MAX_SAFE_INTEGER)
  })
})

describe('a split', () => {
  const charge = fc.bigInt({ min: 0n, max: 10n ** 21n })
  const shareBps = fc.integer({ min: 0, max: 10_000 })

  test('adds up to the charge, with neither side below zero', () => {
    fc.assert(
      fc.property(charge, shareBps, (whole, bps) => {
        const { hostShare, fee } = splitCharge(whole, bps)
        expect(hostShare + fee).toBe(whole)
        expect(hostShare >= 0n && fee >= 0n).toBe(true)
      }),
    )
  })

  test.each([
    [10_000n, 8_500, 8_500n],
    [1n, 9_999, 0n],
    [1n, 10_000, 1n],
    [3n, 5_000, 1n],
    [7n, 0, 0n],
  ])('of %s nano-USD at %i basis points gives the host %s', (whole, bps, hostShare) => {
    expect(splitCharge(whole, bps)).toEqual({ hostShare, fee: whole - hostShare })
  })
})
