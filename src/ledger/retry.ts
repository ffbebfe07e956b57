/** The one place that repeats a write: only unknown outcomes, a bounded number of times. */
import type { Sleep } from '../protocol/clock.ts'

const attemptsMax = 3
const pauseMs = 100

export async function resolveUnknown<T extends { readonly kind: string }>(
  write: () => Promise<T>,
  sleep: Sleep,
): Promise<T> {
  let outcome = await write()
  for (let attempt = 1; attempt < attemptsMax && outcome.kind === 'unknown'; attempt += 1) {
    await sleep(pauseMs * attempt)
    outcome = await write()
  }
  return outcome
}
