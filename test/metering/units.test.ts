import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { unitTruth } from '../../src/metering/units.ts'
import { usageTruth } from '../../src/metering/usage-truth.ts'

const image = { most: 4, tolerance: 0 }
const audio = { most: 61 }

describe('what is sold by the unit', () => {
  test.each([
    ['as counted, where the host says nothing', undefined, 3, image, 3, false],
    ['as both say', 3, 3, image, 3, false],
    ['as counted, where the host claims more', 4, 3, image, 3, true],
    ['as claimed, where the host claims less', 2, 3, image, 2, false],
    ['as counted, where the last second was begun', 61, 60, audio, 60, false],
    ['as counted, and no host is marked for what a customer sent', 3_600, 60, audio, 60, false],
  ])('is billed %s', (_, claimed, counted, bounds, billed, inflated) => {
    expect(unitTruth(claimed, counted, bounds)).toEqual({ billed, inflated })
  })

  test('is never billed above the count, the claim or the bound', () => {
    const units = fc.nat({ max: 1_000 })
    fc.assert(
      fc.property(units, units, units, (claimed, counted, most) => {
        const { billed } = unitTruth(claimed, counted, { most, tolerance: 1 })
        expect(billed).toBe(Math.min(claimed, counted, most))
      }),
    )
  })

  test('has no tokens, whatever the host claims of them', () => {
    const claimed = { prompt: 9, cached_prompt: 9, completion: 9, units: 1 }
    const counted = { prompt: 0, cached_prompt: 0, completion: 0, units: 1 }
    const bands = { prompt: { band: 0 }, completion: { band: 0 } }
    const bounds = { prompt: 100, completion: 100, units: image }
    expect(usageTruth(claimed, counted, bands, bounds)).toEqual({
      billed: counted,
      inflated: false,
    })
  })
})
