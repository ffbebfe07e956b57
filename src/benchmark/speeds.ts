/** How fast answers were, read from what was clocked on our side. Pure. */
import { quantile } from '../protocol/quantile.ts'
import type { Answer, Outcome } from './exchange.ts'

/** An answer whose text came at once is judged by the whole time that it took. */
const streamedShareMin = 0.1

/** Whether text came while it was written: over a noticeable part of the time, in several frames. */
export function isStreamed(answer: Answer): boolean {
  if (answer.frames < 2 || answer.firstContentMs === undefined) return false
  const textMs = answer.lastContentMs - answer.firstContentMs
  return textMs >= streamedShareMin * answer.lastContentMs && textMs > 0
}

/** What came after the first frame, over the time it took; held-back text wins no speed. */
export function tokensPerSecond(answer: Answer): number {
  const { bytes, counted, firstContentMs, firstFrameBytes, lastContentMs } = answer
  if (bytes === 0 || firstContentMs === undefined) return 0
  if (!isStreamed(answer)) return perSecond(counted.completion, lastContentMs)
  const tokens = (counted.completion * (bytes - firstFrameBytes)) / bytes
  return perSecond(tokens, lastContentMs - firstContentMs)
}

export const prefillTokensPerSecond = ({ counted, firstContentMs }: Answer): number =>
  firstContentMs === undefined ? 0 : perSecond(counted.prompt, firstContentMs)

const perSecond = (tokens: number, durationMs: number): number =>
  (tokens * 1000) / Math.max(1, durationMs)

/** An answer with text: what speeds are read from. */
export const isWhole = (outcome: Outcome): outcome is Answer =>
  outcome.kind === 'answered' && outcome.firstContentMs !== undefined

/** Tokens claimed over tokens counted; null where no runtime's usage stands behind a claim. */
export function countRatio(answers: readonly Answer[]): number | null {
  let claimed = 0
  let counted = 0
  for (const answer of answers) {
    if (!answer.claimed) continue
    claimed += answer.claimed.prompt + answer.claimed.completion
    counted += answer.counted.prompt + answer.counted.completion
  }
  return counted === 0 ? null : rounded(claimed / counted)
}

export const firstContentAt = (answers: readonly Answer[], p: number): number =>
  quantileOf(
    answers.flatMap(({ firstContentMs }) => firstContentMs ?? []),
    p,
  )

/** 0 of nothing. */
export const quantileOf = (values: readonly number[], share: number): number =>
  quantile(values, share) ?? 0

/** Measures are stored and hashed: three decimals say all that was measured. */
export const rounded = (value: number): number => Math.round(value * 1000) / 1000
