import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { affordablePlan, affordableTokens } from '../../src/gateway/plan.ts'
import { chargeFor } from '../../src/money/price.ts'
import { limits } from '../../src/protocol/limits.ts'
import { planned, price, refused, shardOf, someCandidate } from './planning.ts'

const promptOf = (bytes: number) => ({
  messages: [{ role: 'user', content: 'x'.repeat(bytes - 16) }],
})

describe('a window that the client names', () => {
  test('is held as it is, under either name', () => {
    expect(planned({ max_tokens: 50 })).toMatchObject({ windowTokens: 50, windowIsOurs: false })
    expect(planned({ max_completion_tokens: 60, max_tokens: 50 }).windowTokens).toBe(60)
  })

  test.each(['max_tokens', 'max_completion_tokens'])('above the model’s is refused: %s', (name) => {
    const small = shardOf([someCandidate], { model: { max_output_tokens: 100 } })
    expect(planned({ [name]: 100 }, small).windowTokens).toBe(100)
    expect(refused({ [name]: 101 }, small)).toMatchObject({
      code: 'invalid_value',
      param: name,
      message: `${name}: maker/model answers with at most 100 tokens.`,
    })
  })

  test('that cannot fit beside the prompt is refused', () => {
    const shard = shardOf([someCandidate], { model: { context_length: 1_100 } })
    // 5,000 bytes are 1,000 tokens at the very least, at 5 bytes a token.
    expect(planned({ ...promptOf(5_000), max_tokens: 100 }, shard).windowTokens).toBe(100)
    expect(refused({ ...promptOf(5_000), max_tokens: 101 }, shard)).toMatchObject({
      code: 'context_length_exceeded',
      param: 'max_tokens',
    })
  })

  test('goes to hosts whose context holds it', () => {
    const short = { ...someCandidate, contextLength: 1_099 }
    const body = { ...promptOf(5_000), max_tokens: 100 }
    expect(planned(body, shardOf([short, someCandidate])).candidates).toHaveLength(1)
    expect(refused(body, shardOf([short]))).toMatchObject({
      code: 'no_eligible_host',
      detail: { availability: { excluded_by: ['context_length'] } },
    })
  })

  test('is never lowered, however little there is', () => {
    const made = planned({ max_tokens: 4_000 })
    expect(affordablePlan(made, made.holdAmount - 1n)).toBeUndefined()
  })
})

describe('a window of our own', () => {
  test('is bounded', () => {
    expect(planned()).toMatchObject({
      windowTokens: limits.defaultMaxTokens,
      windowIsOurs: true,
    })
  })

  test('is never more than the model gives', () => {
    const small = shardOf([someCandidate], { model: { max_output_tokens: 100 } })
    expect(planned({}, small).windowTokens).toBe(100)
  })

  test('fits beside the prompt on every host that may be asked, or the host would refuse it', () => {
    // 3,000 bytes are at most 1,000 tokens, at 3 bytes a token, and the template's own text.
    const roomy = { ...someCandidate, contextLength: 4_000 }
    const { windowTokens } = planned(promptOf(3_000), shardOf([someCandidate, roomy]))
    expect(windowTokens).toBe(4_000 - 1_000 - 64)
  })

  test('leaves a short prompt no more than its own bound', () => {
    const small = shardOf([someCandidate], { model: { context_length: 1_000 } })
    const { promptTokensMax, windowTokens } = planned({}, small)
    expect(promptTokensMax + windowTokens).toBe(1_000)
  })

  test('is a little where the prompt may fill the context, and may not', () => {
    const full = shardOf([someCandidate], { model: { context_length: 1_100 } })
    expect(planned(promptOf(5_000), full).windowTokens).toBe(limits.minAffordableTokens)
    // 1,090 tokens at the least leave 10.
    expect(planned(promptOf(5_450), full).windowTokens).toBe(10)
  })
})

describe('what a balance affords', () => {
  test('lowers our own window, and the hold with it', () => {
    const made = planned()
    const smaller = affordablePlan(made, made.holdAmount / 2n)
    expect(smaller?.windowTokens).toBe(affordableTokens(made, made.holdAmount / 2n))
    expect(smaller?.holdAmount).toBeLessThanOrEqual(made.holdAmount / 2n)
  })

  test('is nothing below 64 tokens', () => {
    const made = planned()
    const promptCost = BigInt(made.promptTokensMax) * 1_000n
    expect(affordablePlan(made, promptCost + 64n * 2_000n)?.windowTokens).toBe(64)
    expect(affordablePlan(made, promptCost + 64n * 2_000n - 1n)).toBeUndefined()
    expect(affordableTokens(made, 0n)).toBe(0)
  })

  const usd = (max: number) => fc.nat({ max }).map((nano) => (nano / 1_000).toFixed(3))
  const poverty = fc.record({
    content: fc.string({ unit: 'grapheme', maxLength: 200 }),
    n: fc.integer({ min: 1, max: 8 }),
    prompt: usd(10_000),
    cached: usd(20_000),
    completions: fc.tuple(usd(10_000), usd(10_000)),
    /** Of what the whole plan would take, in thousandths. */
    share: fc.nat({ max: 1_200 }),
  })

  test('never makes a hold above the balance, and no smaller window than it must', () => {
    const seen = { lowered: 0, refused: 0 }
    fc.assert(
      fc.property(poverty, ({ content, n, completions, share, ...rates }) => {
        const [dear, cheap] = completions
        const row = (tier: 'network_beta' | 'portable_local', completion: string) => ({
          ...price(tier, completion),
          prompt_usd_per_mtok: rates.prompt,
          cached_prompt_usd_per_mtok: rates.cached,
        })
        const prices = [row('network_beta', dear), row('portable_local', cheap)]
        const both = [someCandidate, { ...someCandidate, routeTier: 'portable_local' as const }]
        const shard = shardOf(both, { model: { prices } })
        const made = planned({ n, messages: [{ role: 'user', content }] }, shard)
        const available = (made.holdAmount * BigInt(share)) / 1_000n
        const smaller = affordablePlan(made, available)
        const charges = (windowTokens: number) =>
          made.candidates.flatMap(({ price: own }) =>
            [0, made.promptTokensMax].map((cachedPrompt) =>
              chargeFor(
                { prompt: made.promptTokensMax, cachedPrompt, completion: windowTokens * n },
                own,
              ),
            ),
          )
        const isAffordable = (windowTokens: number) =>
          charges(windowTokens).every((charge) => charge <= available)
        if (smaller === undefined) {
          seen.refused += 1
          expect(isAffordable(limits.minAffordableTokens)).toBe(false)
          return
        }
        const { windowTokens, holdAmount } = smaller
        expect(holdAmount).toBeLessThanOrEqual(available)
        expect(isAffordable(windowTokens)).toBe(true)
        expect(windowTokens).toBeGreaterThanOrEqual(limits.minAffordableTokens)
        expect(windowTokens).toBeLessThanOrEqual(made.windowTokens)
        if (windowTokens < made.windowTokens) {
          seen.lowered += 1
          expect(isAffordable(windowTokens + 1)).toBe(false)
        }
      }),
      { numRuns: 300 },
    )
    expect(seen.lowered).toBeGreaterThan(0)
    expect(seen.refused).toBeGreaterThan(0)
  })
})
