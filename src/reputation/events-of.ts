/**
 * What a decided request says of the hosts that it met. Only what a host itself did counts: a client
 * that left, a busy host, a request that a runtime rejects, our own deadline and the host's own traffic say nothing.
 */
import type { AccruedPage } from '../ledger/accrue.ts'
import type { Decision } from '../ledger/ports.ts'
import type { ReputationReason } from './reasons.ts'
import type { ReputationEvent } from './reputation.ts'

export type SeenOfNode = {
  readonly events: readonly ReputationEvent[]
  readonly paidRequests: number
}

/** Outcomes of attempts before first content that are the host's failure. */
const failures = [
  'refused',
  'no_proof',
  'connect_failed',
  'timed_out',
  'cut',
  'host_error',
] as const satisfies readonly ReputationReason[]
/** A request that its customer or its deadline ended is neither good nor bad. */
const hostErrors = new Set(['upstream_error', 'upstream_timeout'])
/** A longer answer is more evidence, up to this many tokens. */
const tokensForFullWeight = 2000
/** What an image or a second of audio weighs, which has no tokens. */
const tokensOfUnit = 50

/** By node; what an owner pays to itself is left out. */
export function seenIn({ decisions, ownNodes }: AccruedPage): ReadonlyMap<string, SeenOfNode> {
  const seen = new Map<string, { events: ReputationEvent[]; paidRequests: number }>()
  const of = (nodeId: string) => {
    const known = seen.get(nodeId) ?? { events: [], paidRequests: 0 }
    seen.set(nodeId, known)
    return known
  }
  for (const decision of decisions) {
    for (const { node_id: nodeId, outcome } of decision.receipt.private.attempts) {
      if (ownNodes.has(nodeId)) continue
      const events =
        outcome === 'served' ? servedEvents(decision) : failureEvents(decision, outcome)
      of(nodeId).events.push(...events)
      if (outcome === 'served' && decision.charge > 0n) of(nodeId).paidRequests += 1
    }
  }
  return new Map(
    [...seen].map(([nodeId, all]) => [nodeId, { ...all, events: grouped(all.events) }]),
  )
}

function failureEvents(decision: Decision, outcome: string): ReputationEvent[] {
  const reason = failures.find((one) => one === outcome)
  return reason ? [event(decision, { reason, weight: 1 })] : []
}

function servedEvents(decision: Decision): ReputationEvent[] {
  const { body } = decision.receipt
  if (!body.served) return []
  const { counted, inflated } = body.served.usage
  const { prompt, completion, units = 0 } = counted
  const weight = weightOf(prompt + completion + units * tokensOfUnit)
  const isCompleted = body.result.status === 'completed'
  const found: ReputationReason[] = []
  if (isCompleted) found.push('served')
  if (hostErrors.has(body.result.error ?? '')) found.push('broke_off')
  if (inflated) found.push('inflated_usage')
  else if (isCompleted) found.push(body.served.node_receipt_hash ? 'claim_agreed' : 'claim_missing')
  return found.map((reason) => event(decision, { reason, weight }))
}

const weightOf = (tokens: number): number =>
  Math.min(1, Math.log1p(tokens) / Math.log1p(tokensForFullWeight))

function event(
  { receipt }: Decision,
  what: Pick<ReputationEvent, 'reason' | 'weight'>,
): ReputationEvent {
  return { ...what, count: 1, atMs: receipt.private.started_at_ms }
}

/** Alike ones of a page become one, so that an owner reads tens of lines and not thousands. */
function grouped(events: readonly ReputationEvent[]): ReputationEvent[] {
  const groups = Map.groupBy(events, ({ reason }) => reason)
  return [...groups.values()].flatMap((alike) => {
    const [first] = alike
    if (!first) return []
    const sumOf = (field: 'count' | 'weight') => alike.reduce((sum, one) => sum + one[field], 0)
    const atMs = Math.max(...alike.map((one) => one.atMs))
    return [{ ...first, atMs, count: sumOf('count'), weight: sumOf('weight') }]
  })
}
