/** How long to wait between tries, and the one loop that tries a call again. */
import type { Random, Sleep } from '../../protocol/clock.ts'
import { random, sleep } from '../system.ts'
import { isTransient } from './aws-error.ts'

export type Pauses = { readonly sleep: Sleep; readonly random: Random }

const firstPauseMs = 10
const pauseMsMax = 500

export const realPauses: Pauses = { sleep, random }

/** Full jitter under a doubling, capped ceiling: writers that collided once spread out. */
export function pauseMs(attempt: number, random: Random): number {
  return Math.ceil(random() * Math.min(pauseMsMax, firstPauseMs * 2 ** attempt))
}

/** Calls until it passes or is refused for good, at most `attemptsMax` times; throws the last error. */
export async function retried<Result>(
  call: () => Promise<Result>,
  attemptsMax: number,
  pauses: Pauses = realPauses,
): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call()
    } catch (error) {
      if (attempt >= attemptsMax || !isTransient(error)) throw error
      await pauses.sleep(pauseMs(attempt, pauses.random))
    }
  }
}
