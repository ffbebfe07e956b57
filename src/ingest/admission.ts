/**
 * How many requests are worked on at once. After an outage every host comes back in the same seconds;
 * those that find no room are sent away before they cost anything, each for a time of its own.
 */
import type { Random } from '../protocol/clock.ts'
import { type Result, refuse } from '../protocol/result.ts'

/** Far more than one core verifies in the time that a host waits for its answer. */
export const inProgressMax = 64

const retryAfterSecMax = 15

export type Admit = <T>(work: () => Promise<Result<T>>) => Promise<Result<T>>

export function makeAdmission(max: number, random: Random): Admit {
  let inProgress = 0
  return async (work) => {
    if (inProgress >= max) {
      return refuse('ingest_busy', { retryAfterSec: 1 + Math.floor(random() * retryAfterSecMax) })
    }
    inProgress += 1
    try {
      return await work()
    } finally {
      inProgress -= 1
    }
  }
}
