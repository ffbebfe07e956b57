/**
 * Tells calls that wait for each other from calls that run beside each other, whatever the machine does
 * meanwhile: all are kept waiting until no more come, then let go together. Those are one round trip, since
 * what depends on an answer can only come after it.
 */
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises'

export type RoundTrips = {
  /** What a call waits for; resolves with the number of its round trip, from 1. */
  readonly join: () => Promise<number>
  /** How many were let go so far. */
  readonly count: () => number
  readonly reset: () => void
}

const quietMs = 12
/** A timer that is late fires before what came in the meantime is read; a connection takes some turns. */
const quietTurns = 8

export function makeRoundTrips(): RoundTrips {
  let count = 0
  let arrivals = 0
  let gathering: Promise<number> | undefined

  const gather = async (): Promise<number> => {
    for (let seen = -1; seen !== arrivals; ) {
      seen = arrivals
      await delay(quietMs)
      for (let turns = 0; turns < quietTurns; turns += 1) await turn()
    }
    gathering = undefined
    count += 1
    return count
  }

  return {
    join: () => {
      arrivals += 1
      gathering ??= gather()
      return gathering
    },
    count: () => count,
    reset: () => {
      count = 0
    },
  }
}
