/** Cumulative since boot, never per interval, so that a lost heartbeat loses nothing. */
import type { Heartbeat } from '../../../src/protocol/heartbeat.ts'

type Totals = Heartbeat['counters']
export type Counted = keyof Totals

export type Counters = {
  readonly count: (what: Counted) => void
  readonly totals: () => Totals
}

export function makeCounters(): Counters {
  const totals: Totals = {
    accepted: 0,
    completed: 0,
    failed: 0,
    cancelled_by_client: 0,
    rejected_busy: 0,
  }
  return {
    count: (what) => {
      totals[what] += 1
    },
    totals: () => ({ ...totals }),
  }
}
