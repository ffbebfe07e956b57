/**
 * What a node's past is worth: evidence in three respects, one score made of their lower bounds, and
 * the latest events that moved it, so that an owner sees why.
 */
import {
  type Dimension,
  dimensions,
  type Evidence,
  faded,
  lowerBound,
  noEvidence,
  withMore,
} from './evidence.ts'
import { type ReputationReason, reasons } from './reasons.ts'

/** Something that was seen of a node, or several alike of one page of receipts. */
export type ReputationEvent = {
  readonly atMs: number
  readonly reason: ReputationReason
  readonly count: number
  /** Sum of the weights of all `count`. */
  readonly weight: number
}

export type Reputation = {
  readonly nodeId: string
  readonly evidence: Readonly<Record<Dimension, Evidence>>
  /** Paid requests of others that this node served. */
  readonly paidRequests: number
  /** Newest first. */
  readonly events: readonly ReputationEvent[]
}

export const eventsKept = 64

export const freshReputation = (nodeId: string): Reputation => ({
  nodeId,
  evidence: { delivery: noEvidence, integrity: noEvidence, accounting: noEvidence },
  paidRequests: 0,
  events: [],
})

export function withEvents(
  reputation: Reputation,
  seen: readonly ReputationEvent[],
  paidRequests = 0,
): Reputation {
  const evidenceOf = (dimension: Dimension): Evidence =>
    seen
      .filter(({ reason }) => reasons[reason].dimension === dimension)
      .reduce((evidence, { reason, weight, atMs }) => {
        const { isGood } = reasons[reason]
        const more = { good: isGood ? weight : 0, bad: isGood ? 0 : weight, atMs }
        return withMore(dimension, evidence, more)
      }, reputation.evidence[dimension])
  return {
    nodeId: reputation.nodeId,
    evidence: {
      delivery: evidenceOf('delivery'),
      integrity: evidenceOf('integrity'),
      accounting: evidenceOf('accounting'),
    },
    paidRequests: reputation.paidRequests + paidRequests,
    events: [...seen, ...reputation.events]
      .toSorted((one, other) => other.atMs - one.atMs)
      .slice(0, eventsKept),
  }
}

/** Wrong answers weigh most; together 1. */
const weights: Readonly<Record<Dimension, number>> = {
  delivery: 0.36,
  integrity: 0.43,
  accounting: 0.21,
}

/** Less than one full observation is none. */
const weightToCount = 1

/**
 * 0 to 1. A product, so that one respect in which a node is worth nothing makes it worth nothing.
 * A respect that nobody has looked at is left out; a newcomer, of whom nothing is known, has 0.
 */
export function scoreOf({ evidence }: Pick<Reputation, 'evidence'>, nowMs: number): number {
  const known = dimensions
    .map((dimension) => ({ dimension, ...faded(dimension, evidence[dimension], nowMs) }))
    .filter(({ good, bad }) => good + bad >= weightToCount)
  const total = known.reduce((sum, { dimension }) => sum + weights[dimension], 0)
  if (total === 0) return 0
  return known.reduce(
    (score, one) => score * lowerBound(one) ** (weights[one.dimension] / total),
    1,
  )
}
