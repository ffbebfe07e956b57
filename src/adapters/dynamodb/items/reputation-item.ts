/** A node's reputation as it is stored: read and written whole, apart from what a heartbeat reads. */
import * as z from 'zod'
import type { StoredReputation } from '../../../reputation/ports.ts'
import { isReason, type ReputationReason } from '../../../reputation/reasons.ts'
import { eventsKept, freshReputation, type Reputation } from '../../../reputation/reputation.ts'
import { Int } from '../item-fields.ts'
import { fromBody, toBody } from './json-body.ts'

const measure = z.number().min(0)
const timeMs = z.int().min(0)

const StoredEvidence = z.strictObject({ good: measure, bad: measure, atMs: timeMs })

const StoredBody = z.strictObject({
  nodeId: z.string(),
  evidence: z.strictObject({
    delivery: StoredEvidence,
    integrity: StoredEvidence,
    accounting: StoredEvidence,
  }),
  paidRequests: z.int().min(0),
  events: z
    .array(
      z.strictObject({
        atMs: timeMs,
        reason: z.custom<ReputationReason>((text) => typeof text === 'string' && isReason(text)),
        count: z.int().min(1),
        weight: measure,
      }),
    )
    .max(eventsKept),
}) satisfies z.ZodType<Reputation>

const Version = z.object({ version: Int })

export const reputationKey = (nodeId: string) => ({ pk: `reputation#${nodeId}`, sk: 'reputation' })

export const toReputationItem = (reputation: Reputation, version: number) => ({
  ...reputationKey(reputation.nodeId),
  version,
  body: toBody(reputation, 'a reputation'),
})

export function fromReputationItem(nodeId: string, item: unknown): StoredReputation {
  if (item === undefined) return { reputation: freshReputation(nodeId), version: 0 }
  return { reputation: fromBody(StoredBody, item), version: Version.parse(item).version }
}
