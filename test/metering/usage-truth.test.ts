import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ByteRatios } from '../../src/metering/count.ts'
import { usageTruth } from '../../src/metering/usage-truth.ts'
import type { TokenCounts } from '../../src/protocol/usage.ts'

const tokens = (prompt: number, cached_prompt: number, completion: number): TokenCounts => ({
  prompt,
  cached_prompt,
  completion,
})
/** Byte ratios whose bands are these fractions of a count. */
const bands = (prompt: number, completion: number): ByteRatios => ({
  prompt: { mean: 4, band: prompt },
  completion: { mean: 4, band: completion },
})
const wide = { prompt: 1_000_000, completion: 1_000_000 }
const tight = { prompt: 900, completion: 400 }
const counted = tokens(1_000, 0, 500)

describe('what is billed', () => {
  // Tolerance without a band: 2 %, so 20 prompt and 10 completion tokens.
  test.each([
    ['a claim equal to the count', tokens(1_000, 0, 500), tokens(1_000, 0, 500), false],
    ['a claim within the tolerance', tokens(1_020, 0, 510), tokens(1_020, 0, 510), false],
    ['a prompt above it', tokens(1_021, 0, 500), tokens(1_000, 0, 500), true],
    ['a completion above it', tokens(1_000, 0, 511), tokens(1_000, 0, 500), true],
    ['a claim of half as much again', tokens(1_500, 0, 750), tokens(1_000, 0, 500), true],
    ['a prompt above and a completion below', tokens(1_500, 0, 300), tokens(1_000, 0, 300), true],
    ['a claim below', tokens(700, 0, 300), tokens(700, 0, 300), false],
    ['a claim of nothing', tokens(0, 0, 0), tokens(0, 0, 0), false],
    ['a cached part of the claim', tokens(1_000, 800, 500), tokens(1_000, 800, 500), false],
    ['a cached part above the count', tokens(1_500, 1_400, 500), tokens(1_000, 1_000, 500), true],
    ['no claim', null, tokens(1_000, 0, 500), false],
  ])('for %s', (_, claimed, billed, inflated) => {
    expect(usageTruth(claimed, counted, bands(0, 0), wide)).toEqual({ billed, inflated })
  })

  test.each([
    ['within the band', tokens(1_300, 0, 600), tokens(1_300, 0, 600), false],
    ['with a prompt above its band', tokens(1_301, 0, 600), tokens(1_000, 0, 600), true],
    ['with a completion above its band', tokens(1_300, 0, 601), tokens(1_300, 0, 500), true],
    ['of half as much again', tokens(1_500, 0, 750), tokens(1_000, 0, 500), true],
  ])('for a claim %s, where bytes tell less', (_, claimed, billed, inflated) => {
    expect(usageTruth(claimed, counted, bands(0.3, 0.2), wide)).toEqual({ billed, inflated })
  })

  test.each([
    ['four tokens above a small count', tokens(14, 0, 6), tokens(14, 0, 6), false],
    ['five tokens above', tokens(15, 0, 7), tokens(10, 0, 2), true],
  ])('for %s', (_, claimed, billed, inflated) => {
    expect(usageTruth(claimed, tokens(10, 0, 2), bands(0, 0), wide)).toEqual({ billed, inflated })
  })

  test.each([
    [
      'eight texts of five tokens, each ended by one more',
      tokens(10, 0, 48),
      8,
      tokens(10, 0, 48),
      false,
    ],
    ['a token more than four for each', tokens(10, 0, 73), 8, tokens(10, 0, 40), true],
    ['one text that claims as much', tokens(10, 0, 48), 1, tokens(10, 0, 40), true],
  ])('for %s', (_, claimed, choices, billed, inflated) => {
    const bounds = { ...wide, choices }
    expect(usageTruth(claimed, tokens(10, 0, 40), bands(0, 0), bounds)).toEqual({
      billed,
      inflated,
    })
  })

  test.each([
    ['an honest claim', tokens(1_000, 950, 500), tokens(900, 900, 400), false],
    ['an inflated claim', tokens(5_000, 100, 5_000), tokens(900, 100, 400), true],
    ['no claim', null, tokens(900, 0, 400), false],
    ['a claim below them', tokens(10, 5, 20), tokens(10, 5, 20), false],
  ])('never exceeds the bounds of the hold, for %s', (_, claimed, billed, inflated) => {
    expect(usageTruth(claimed, counted, bands(0, 0), tight)).toEqual({ billed, inflated })
  })
})

describe('whatever a host claims', () => {
  const count = fc.integer({ min: 0, max: 100_000 })
  const anyCounts = fc
    .record({
      prompt: count,
      cached: fc.double({ min: 0, max: 1, noNaN: true }),
      completion: count,
    })
    .map(({ prompt, cached, completion }) =>
      tokens(prompt, Math.floor(prompt * cached), completion),
    )
  const band = fc.double({ min: 0, max: 0.5, noNaN: true })
  const bounds = fc.record({ prompt: count, completion: count })

  test('no more is billed than it claimed, than the count bears out, and than was held for', () => {
    fc.assert(
      fc.property(
        fc.option(anyCounts),
        anyCounts,
        fc.tuple(band, band),
        bounds,
        (claimed, ours, [promptBand, completionBand], held) => {
          const { billed } = usageTruth(claimed, ours, bands(promptBand, completionBand), held)
          for (const [kind, kindBand] of [
            ['prompt', promptBand],
            ['completion', completionBand],
          ] as const) {
            const tolerance = Math.max(ours[kind] * 0.02, 4, ours[kind] * kindBand)
            expect(billed[kind]).toBeGreaterThanOrEqual(0)
            expect(billed[kind]).toBeLessThanOrEqual(held[kind])
            expect(billed[kind]).toBeLessThanOrEqual(ours[kind] + tolerance)
            if (claimed) expect(billed[kind]).toBeLessThanOrEqual(claimed[kind])
          }
          expect(billed.cached_prompt).toBeLessThanOrEqual(billed.prompt)
        },
      ),
    )
  })
})
