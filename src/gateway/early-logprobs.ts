/**
 * Log-probabilities of tokens that came before the first text of their choice, such as those of a
 * character that is not whole yet. A choice that has said nothing can still be another host's, so they
 * wait for its first text.
 */

/** More than a few tokens come without a text only from hosts that mean no good. */
const framesMax = 64
const charsMax = 64 * 1024

export function makeEarlyLogprobs() {
  const kept: unknown[] = []
  let chars = 0
  return {
    /** Those beyond the bounds are left out. */
    keep: (logprobs: unknown): void => {
      if (kept.length === framesMax) return
      chars += JSON.stringify(logprobs).length
      if (chars <= charsMax) kept.push(logprobs)
    },
    /** In the order they came. */
    all: (): readonly unknown[] => kept,
  }
}
