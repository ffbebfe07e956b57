/**
 * Judges one spot check: the five likeliest first tokens that a host showed beside those a trusted runner
 * showed for the same prompt. Other weights or another precision move the log-probabilities even
 * where the text comes out the same.
 */
import * as z from 'zod'

export const TopToken = z.object({
  token: z.string().max(256),
  /** Natural logarithm of the probability; runtimes write -9999 for one too small for a number. */
  logprob: z.number().min(-10_000).max(1),
})
export type TopToken = z.infer<typeof TopToken>

/** How many tokens a check reads; what OpenAI's API gives for `top_logprobs: 5`. */
export const topTokens = 5
/** Of those, how many must be the same: near ties may swap the last place. */
export const sharedTokensMin = 4

export type Comparison =
  | { readonly kind: 'pass' | 'fail'; readonly sharedTokens: number; readonly meanDelta: number }
  /** The host showed no log-probabilities: nothing is known, and nothing held against it. */
  | { readonly kind: 'inconclusive' }

/** `tau` is the largest mean difference, in nats, that still passes. */
export function compareFirstTokens(
  trusted: readonly TopToken[],
  observed: readonly TopToken[] | undefined,
  tau: number,
): Comparison {
  if (observed === undefined) return { kind: 'inconclusive' }
  const shown = new Map(observed.map(({ token, logprob }) => [token, logprob]))
  const deltas = trusted.flatMap(({ token, logprob }) => {
    const other = shown.get(token)
    return other === undefined ? [] : [Math.abs(logprob - other)]
  })
  const sharedTokens = deltas.length
  const meanDelta = deltas.reduce((sum, delta) => sum + delta, 0) / Math.max(1, sharedTokens)
  const passes = sharedTokens >= sharedTokensMin && meanDelta <= tau
  return { kind: passes ? 'pass' : 'fail', sharedTokens, meanDelta }
}

const ChoiceLogprobs = z.object({
  content: z.array(z.object({ top_logprobs: z.array(TopToken).max(20) })).min(1),
})

/**
 * The first token's likeliest five, from the `logprobs` of a choice or of its first chunk; undefined
 * without them, or when they are not of OpenAI's shape.
 */
export function firstTokenOf(logprobs: unknown): readonly TopToken[] | undefined {
  const parsed = ChoiceLogprobs.safeParse(logprobs)
  const top = parsed.success ? (parsed.data.content[0]?.top_logprobs ?? []) : []
  if (top.length < topTokens) return undefined
  return top.toSorted((one, other) => other.logprob - one.logprob).slice(0, topTokens)
}
