/**
 * What is billed: the host's claim where our own count bears it out, the lower side where it does
 * not. A claim below the count costs the host, never the customer.
 */
import type { TokenCounts } from '../protocol/usage.ts'
import { type UnitBounds, unitTruth } from './units.ts'

export const toleranceFraction = 0.02
/** Of a prompt, and of each choice: the tokens that begin and end a text are in no text. */
export const toleranceTokens = 4

export type UsageTruth = { readonly billed: TokenCounts; readonly inflated: boolean }

/** How far (a fraction) honest claims stray from the count, by whatever method it was made. */
export type Bands = {
  readonly prompt: { readonly band: number }
  readonly completion: { readonly band: number }
}

/** The token bounds that the hold was made for: nothing above them is ever billed. */
export type TokenBounds = {
  readonly prompt: number
  readonly completion: number
  /** Of `prompt`, what images may take: no count of ours covers it, so the claim may use it. */
  readonly images?: number | undefined
  /** Into how many choices `completion` goes; 1 unless it is said. */
  readonly choices?: number | undefined
  /** What may have been made for `completion` and shown to nobody, such as stop strings. */
  readonly unseen?: number | undefined
  /** Where images or seconds are sold, and no tokens are. */
  readonly units?: UnitBounds | undefined
}

export function usageTruth(
  claimed: TokenCounts | null,
  counted: TokenCounts,
  bands: Bands,
  bounds: TokenBounds,
): UsageTruth {
  if (bounds.units && counted.units !== undefined) {
    const { billed: units, inflated } = unitTruth(claimed?.units, counted.units, bounds.units)
    return { billed: { prompt: 0, cached_prompt: 0, completion: 0, units }, inflated }
  }
  if (!claimed) return { billed: withinBounds(counted, bounds), inflated: false }
  const prompt = judge(claimed.prompt, counted.prompt, {
    ...bands.prompt,
    leastTokens: toleranceTokens,
    uncountable: bounds.images ?? 0,
  })
  const completion = judge(claimed.completion, counted.completion, {
    ...bands.completion,
    leastTokens: toleranceTokens * (bounds.choices ?? 1) + (bounds.unseen ?? 0),
    uncountable: 0,
  })
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

type Leeway = {
  readonly band: number
  readonly leastTokens: number
  readonly uncountable: number
}

function judge(claimed: number, counted: number, { band, leastTokens, uncountable }: Leeway) {
  const tolerance = Math.max(counted * Math.max(toleranceFraction, band), leastTokens)
  const inflated = claimed > counted + tolerance + uncountable
  return { billed: inflated ? counted + uncountable : claimed, inflated }
}

function withinBounds(counts: TokenCounts, bounds: TokenBounds): TokenCounts {
  const prompt = Math.min(counts.prompt, bounds.prompt)
  return {
    prompt,
    cached_prompt: Math.min(counts.cached_prompt, prompt),
    completion: Math.min(counts.completion, bounds.completion),
  }
}
