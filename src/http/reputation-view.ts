/** A reputation as operators and the node itself are shown it. */
import type { WireReputation } from '../protocol/reputation.ts'
import { type Dimension, faded, lowerBound } from '../reputation/evidence.ts'
import { reasons } from '../reputation/reasons.ts'
import { type Reputation, scoreOf } from '../reputation/reputation.ts'
import { isoTime } from './iso-time.ts'

export function toWireReputation(reputation: Reputation, nowMs: number): WireReputation {
  const respect = (dimension: Dimension) => {
    const evidence = faded(dimension, reputation.evidence[dimension], nowMs)
    return {
      lower_bound: rounded(lowerBound(evidence)),
      good: rounded(evidence.good),
      bad: rounded(evidence.bad),
    }
  }
  return {
    node_id: reputation.nodeId,
    score: rounded(scoreOf(reputation, nowMs)),
    paid_requests: reputation.paidRequests,
    delivery: respect('delivery'),
    integrity: respect('integrity'),
    accounting: respect('accounting'),
    events: reputation.events.map(({ atMs, reason, count, weight }) => ({
      at: isoTime(atMs),
      dimension: reasons[reason].dimension,
      reason,
      message: reasons[reason].message,
      is_good: reasons[reason].isGood,
      count,
      weight: rounded(weight),
    })),
  }
}

const rounded = (value: number): number => Math.round(value * 10_000) / 10_000
