import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { deployedBudget, laptopBudget } from '../../src/benchmark/budget.ts'
import { longSize, phaseEndMs, rampLevels, variedSize } from '../../src/benchmark/plan.ts'

const roomy = { contextTokens: 32_768, outputTokensMax: 8_192 }
const size = { promptTokens: 1_000, completionTokens: 200 }

describe('a request', () => {
  test('is up to a quarter shorter or longer than its size', () => {
    expect(variedSize(size, roomy, () => 0)).toEqual({ promptTokens: 750, completionTokens: 150 })
    expect(variedSize(size, roomy, () => 0.5)).toEqual(size)
    const longest = variedSize(size, roomy, () => 0.999_999)
    expect(longest).toEqual({ promptTokens: 1_250, completionTokens: 250 })
  })

  test('fits the model, whatever its limits and whatever the die says', () => {
    const anyLimits = fc.record({
      contextTokens: fc.integer({ min: 64, max: 200_000 }),
      outputTokensMax: fc.integer({ min: 1, max: 10_000 }),
    })
    const die = fc.double({ min: 0, max: 0.999_999, noNaN: true })
    fc.assert(
      fc.property(anyLimits, die, (limits, roll) => {
        const varied = variedSize(size, limits, () => roll)
        expect(varied.completionTokens).toBeLessThanOrEqual(limits.outputTokensMax)
        const sum = varied.promptTokens + varied.completionTokens
        expect(sum).toBeLessThan(0.65 * limits.contextTokens)
      }),
    )
  })
})

test('the ramp doubles, up to the budget’s bound', () => {
  expect(rampLevels(16)).toEqual([1, 2, 4, 8, 16])
  expect(rampLevels(6)).toEqual([1, 2, 4])
})

describe('the long prompt', () => {
  test('takes four fifths of the context', () => {
    const left = { tokens: 30_000, longestPrompt: 1_280 }
    expect(longSize({ contextTokens: 8_192 }, left)?.promptTokens).toBe(6_553)
  })

  test('takes no more than the run has left', () => {
    const left = { tokens: 12_008, longestPrompt: 1_280 }
    expect(longSize({ contextTokens: 131_072 }, left)?.promptTokens).toBe(12_000)
  })

  test('is left out where it would be no longer than another', () => {
    expect(
      longSize({ contextTokens: 1_024 }, { tokens: 9_000, longestPrompt: 900 }),
    ).toBeUndefined()
  })
})

describe('what a run costs at most', () => {
  test('leaves the deployed one more than a quarter of its tokens for long prompt and checks', () => {
    const { warmUps, prefill, decode, ramp, tokensMax } = deployedBudget
    const tokensOf = (one: typeof size) => one.promptTokens + one.completionTokens
    const ramped = rampLevels(ramp.concurrencyMax).reduce((sum, level) => sum + level, 0)
    const planned =
      warmUps * tokensOf(decode) +
      prefill.runs * tokensOf(prefill) +
      decode.runs * tokensOf(decode) +
      ramped * tokensOf(ramp)
    expect(planned * 1.25).toBeLessThan(0.75 * tokensMax)
  })

  test.each([deployedBudget, laptopBudget])('is within the life of a schedule’s run', (budget) => {
    expect(budget.durationMs).toBeLessThan(4.5 * 60_000)
    expect(phaseEndMs('prefill', budget)).toBeLessThan(phaseEndMs('decode', budget))
    expect(phaseEndMs('ramp', budget)).toBeLessThan(budget.durationMs)
  })
})
