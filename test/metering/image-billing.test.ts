// What images may add to a claim: no count covers them, so they widen what is believed, up to their bound.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { usageTruth } from '../../src/metering/usage-truth.ts'

const ratios = { prompt: { mean: 4, band: 0.25 }, completion: { mean: 4, band: 0.25 } }
const counted = { prompt: 100, cached_prompt: 0, completion: 10 }
const bounds = { prompt: 2_000, completion: 50, images: 1_000 }
const claiming = (prompt: number, completion = 10) => ({ prompt, cached_prompt: 0, completion })

describe('a claim over a prompt with images', () => {
  test.each([
    ['of the text alone', 100, 100, false],
    ['below the text', 60, 60, false],
    ['of text and images', 1_100, 1_100, false],
    ['at the edge of the band beside the images', 1_125, 1_125, false],
    ['above it', 1_126, 1_100, true],
  ])('%s', (_, claimed, billed, inflated) => {
    const truth = usageTruth(claiming(claimed), counted, ratios, bounds)
    expect(truth).toMatchObject({ billed: { prompt: billed }, inflated })
  })

  test('may not use them for its answer', () => {
    const truth = usageTruth(claiming(100, 30), counted, ratios, bounds)
    expect(truth).toMatchObject({ billed: { completion: 10 }, inflated: true })
  })

  test('is no reason to bill them where there is none', () => {
    expect(usageTruth(null, counted, ratios, bounds).billed).toEqual(counted)
  })
})

test('whatever is claimed, images add no more than their bound, and nothing exceeds the hold', () => {
  const tokens = fc.nat({ max: 5_000 })
  fc.assert(
    fc.property(tokens, tokens, tokens, (claimed, text, images) => {
      const of = { ...counted, prompt: text }
      const wide = { ...bounds, images }
      const { billed } = usageTruth(claiming(claimed), of, ratios, wide)
      const without = usageTruth(claiming(claimed), of, ratios, { ...bounds, images: 0 }).billed
      expect(billed.prompt).toBeLessThanOrEqual(Math.min(claimed, bounds.prompt))
      expect(billed.prompt - without.prompt).toBeLessThanOrEqual(images)
      expect(billed.prompt).toBeGreaterThanOrEqual(without.prompt)
    }),
  )
})
