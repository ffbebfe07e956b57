/**
 * What is billed: the host's claim where our own count bears it out, the lower side where it does
 * not. A claim below the count costs the host, never the customer.
 */
import type { TokenCounts } from '../protocol/usage.ts'
import type { ByteRatios } from './count.ts'

const toleranceFraction = 0.02
const toleranceTokens = 4

export type UsageTruth = { readonly billed: TokenCounts; readonly inflated: boolean }

/** The token bounds that the hold was made for: nothing above them is ever billed. */
export type TokenBounds = { readonly prompt: number; readonly completion: number }

export function usageTruth(
  claimed: TokenCounts | null,
  counted: TokenCounts,
  ratios: ByteRatios,
  bounds: TokenBounds,
): UsageTruth {
  if (!claimed) return { billed: withinBounds(counted, bounds), inflated: false }
  const prompt = judge(claimed.prompt, counted.prompt, ratios.prompt.band)
  const completion = judge(claimed.completion, counted.completion, ratios.completion.band)
  return {
    billed: withinBounds(
      {
        prompt: prompt.billed,
        cached_prompt: claimed.cached_prompt,
        completion: completion.billed,
      },
      bounds,
    ),
    inflated: prompt.inflated || completion.inflated,
  }
}

function judge(claimed: number, counted: number, band: number) {
  const tolerance = Math.max(counted * toleranceFraction, toleranceTokens, counted * band)
  const inflated = claimed > counted + tolerance
  return { billed: inflated ? counted : claimed, inflated }
}

function withinBounds(counts: TokenCounts, bounds: TokenBounds): TokenCounts {
  const prompt = Math.min(counts.prompt, bounds.prompt)
  return {
    prompt,
    cached_prompt: Math.min(counts.cached_prompt, prompt),
    completion: Math.min(counts.completion, bounds.completion),
  }
}
