/**
 * Makes a reference by asking a trusted runner. Each prompt is read several times: how far the runner strays
 * from itself is the noise that no honest host can be blamed for.
 */
import { compareFirstTokens, type TopToken } from './compare.ts'
import type { PromptMessage, TrustedReading } from './reference.ts'

/** The likeliest first tokens; undefined where the runner showed none. */
export type AskTrusted = (
  messages: readonly PromptMessage[],
) => Promise<readonly TopToken[] | undefined>

/**
 * In nats, between what lower precisions do. Measured on 300 prompts of the demo model, served by llama.cpp
 * on one CPU: F16 in place of F32 moves the mean by 0.0003 to 0.012 (median 0.002), Q8_0 by 0.039 to
 * 0.36 (median 0.15), other weights by up to 2.1 (median 0.58) where they share tokens at all, and the
 * same build by nothing in 1,000 checks. What other hardware adds is not in these numbers.
 */
export const tauMin = 0.02
/** A runner that strays further from itself cannot tell a build from another. */
export const tauMax = 0.2
/** What passes is this many times the largest noise seen. */
const noiseMargin = 3

export type MadeReference =
  | {
      readonly ok: true
      readonly readings: readonly TrustedReading[]
      readonly tau: number
      /** The largest mean difference between two readings of one prompt. */
      readonly noise: number
    }
  | { readonly ok: false; readonly message: string }

/** Asks one prompt after the other; throws what `askTrusted` throws. */
export async function makeReference(
  askTrusted: AskTrusted,
  prompts: readonly (readonly PromptMessage[])[],
  repeats = 3,
): Promise<MadeReference> {
  const readings: TrustedReading[] = []
  let noise = 0
  for (const messages of prompts) {
    const top = await askTrusted(messages)
    if (!top) return fault('The trusted runner shows no top log-probabilities: it cannot be one.')
    for (let again = 1; again < repeats; again += 1) {
      const comparison = compareFirstTokens(top, await askTrusted(messages), tauMax)
      if (comparison.kind !== 'pass') {
        return fault(
          'The trusted runner answers one prompt in two ways: check that one build alone serves it.',
        )
      }
      noise = Math.max(noise, comparison.meanDelta)
    }
    readings.push({ messages: [...messages], top: [...top] })
  }
  const tau = Math.max(tauMin, noise * noiseMargin)
  if (tau > tauMax) {
    return fault(
      `The trusted runner strays by ${noise.toFixed(3)} from itself, more than can be checked.`,
    )
  }
  return { ok: true, readings, tau, noise }
}

const fault = (message: string): MadeReference => ({ ok: false, message })
