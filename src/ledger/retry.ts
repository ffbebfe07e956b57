/**
 * The one place that repeats a write: only unknown outcomes, a bounded number of times. With the
 * client's time-out of 2 s per try, an answer is there within 10 s, or it is not known.
 */
import type { Sleep } from '../protocol/clock.ts'

const attemptsMax = 4
const pauseMs = 100

/** `write` gets the number of the try, from 0. */
export async function resolveUnknown<T extends { readonly kind: string }>(
  write: (attempt: number) => Promise<T>,
  sleep: Sleep,
): Promise<T> {
  let outcome = await write(0)
  for (let attempt = 1; attempt < attemptsMax && outcome.kind === 'unknown'; attempt += 1) {
    await sleep(pauseMs * attempt)
    outcome = await write(attempt)
  }
  return outcome
}
