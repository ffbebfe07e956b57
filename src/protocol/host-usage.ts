/**
 * Token usage as runtimes report it: under several names, on any frame, null or partly null, and
 * cumulative where it comes more than once. Read loosely, kept in OpenAI's shape.
 */
import * as z from 'zod'
import type { TokenCounts } from './usage.ts'

/** In OpenAI's shape, counts in tokens. */
export type WireUsage = {
  readonly prompt_tokens: number
  readonly completion_tokens: number
  readonly total_tokens: number
  readonly prompt_tokens_details: { readonly cached_tokens: number }
}

/** Tokens of one request; what is no such count is none, and must not cost the text beside it. */
const count = z.int().min(0).max(100_000_000).nullish().catch(null)
const Details = z.object({ cached_tokens: count }).nullish().catch(null)

const ReportedUsage = z.object({
  prompt_tokens: count,
  completion_tokens: count,
  input_tokens: count,
  output_tokens: count,
  prompt_tokens_details: Details,
  input_tokens_details: Details,
  cached_tokens: count,
  prompt_cache_hit_tokens: count,
  cache_read_input_tokens: count,
})

/** llama.cpp tells beside the usage how much of the prompt its cache served. */
export const HostTimings = z.object({ cache_n: count }).nullish().catch(null)

/** Null where there is no count at all. */
export const HostUsage = ReportedUsage.transform((reported): WireUsage | null => {
  const prompt = reported.prompt_tokens ?? reported.input_tokens
  const completion = reported.completion_tokens ?? reported.output_tokens
  if (prompt == null && completion == null) return null
  const cached =
    reported.prompt_tokens_details?.cached_tokens ??
    reported.input_tokens_details?.cached_tokens ??
    reported.cached_tokens ??
    reported.prompt_cache_hit_tokens ??
    reported.cache_read_input_tokens
  return usageOf(prompt ?? 0, completion ?? 0, cached ?? 0)
})
  .nullish()
  .catch(null)

/** Each count at its highest: usage only grows, so that a late null or zero is no news. */
export function moreUsage(
  before: WireUsage | null,
  next: WireUsage | null | undefined,
): WireUsage | null {
  if (before === null || next == null) return next ?? before
  return usageOf(
    Math.max(before.prompt_tokens, next.prompt_tokens),
    Math.max(before.completion_tokens, next.completion_tokens),
    Math.max(before.prompt_tokens_details.cached_tokens, next.prompt_tokens_details.cached_tokens),
  )
}

/** As claims and receipts have them; a cache serves no more than the prompt. */
export function toTokenCounts(usage: WireUsage): TokenCounts {
  const { cached_tokens } = usage.prompt_tokens_details
  return {
    prompt: usage.prompt_tokens,
    cached_prompt: Math.min(cached_tokens, usage.prompt_tokens),
    completion: usage.completion_tokens,
  }
}

export function usageOf(prompt: number, completion: number, cached: number): WireUsage {
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: cached },
  }
}
