/**
 * The sizes of one run's requests, cut down to what the model takes. Pure: the budget, the model's
 * limits and a die in.
 */
import type { Random } from '../protocol/clock.ts'
import type { BenchmarkBudget, RequestSize } from './budget.ts'

export type ModelLimits = { readonly contextTokens: number; readonly outputTokensMax: number }

/** Lengths vary by this fraction, so that no answer fits another run's prompt. */
const variation = 0.25
/** A prompt or an answer takes at most so much of the context, varied lengths included. */
const contextShare = 0.3
/** Of the declared context: the rest is for the answer and for tokenizers that count otherwise. */
const longShare = 0.8
const tokensMin = 8

/** What one request asks for: within the model's limits, around the size. */
export function variedSize(size: RequestSize, limits: ModelLimits, random: Random): RequestSize {
  const roomTokens = Math.floor((limits.contextTokens * contextShare) / (1 + variation))
  const promptTokens = Math.min(size.promptTokens, roomTokens)
  const completionTokens = Math.min(size.completionTokens, roomTokens)
  return {
    promptTokens: varied(promptTokens, random),
    completionTokens: Math.min(varied(completionTokens, random), limits.outputTokensMax),
  }
}

const varied = (tokens: number, random: Random): number =>
  Math.max(tokensMin, Math.round(tokens * (1 - variation + 2 * variation * random())))

/** Of one text among others; only the long one is longer. */
export const textTokensMax = ({ contextTokens }: Pick<ModelLimits, 'contextTokens'>): number =>
  Math.max(tokensMin, Math.floor(contextTokens * contextShare))

/** Concurrency of each step, doubling. */
export function rampLevels(concurrencyMax: number): number[] {
  const levels: number[] = []
  for (let level = 1; level <= concurrencyMax; level *= 2) levels.push(level)
  return levels
}

/** The long prompt, of what is left of the tokens; undefined where no more was asked than before. */
export function longSize(
  { contextTokens }: Pick<ModelLimits, 'contextTokens'>,
  left: { readonly tokens: number; readonly longestPrompt: number },
): RequestSize | undefined {
  const completionTokens = tokensMin
  const promptTokens = Math.min(
    Math.floor(contextTokens * longShare),
    left.tokens - completionTokens,
  )
  return promptTokens > left.longestPrompt ? { promptTokens, completionTokens } : undefined
}

/** Phases of a run and the part of its time after which each begins no further request. */
export const phaseEnds = { prefill: 0.3, decode: 0.6, checks: 0.75, ramp: 0.9 } as const

export type Phase = keyof typeof phaseEnds

export const phaseEndMs = (phase: Phase, { durationMs }: BenchmarkBudget): number =>
  durationMs * phaseEnds[phase]
