/**
 * A late claim as it is stored: beside the entries of its node in order of time, so that what is
 * payable first is found first. Its ticket's hash leads there, and is taken once.
 */
import * as z from 'zod'
import type { LateClaim } from '../../../ledger/journal-ports.ts'
import { Amount, Int } from '../item-fields.ts'
import { hostPartition } from './earnings-item.ts'

const LateClaimItem = z.strictObject({
  pk: z.string(),
  sk: z.string(),
  ticketHash: z.string(),
  nodeId: z.string(),
  accountId: z.string(),
  holdId: z.string(),
  amount: Amount,
  state: z.enum(['escrowed', 'released']),
  claimedAtMs: Int,
  payableAtMs: Int,
})

const TicketItem = z.strictObject({
  pk: z.string(),
  sk: z.string(),
  nodeId: z.string(),
  payableAtMs: Int,
})

type Place = Pick<LateClaim, 'ticketHash' | 'nodeId' | 'payableAtMs'>

export const lateClaimPrefix = 'late_claim#'
/** Times in milliseconds have thirteen digits until the year 2286. */
export const lateClaimKey = ({ ticketHash, nodeId, payableAtMs }: Place) => ({
  pk: hostPartition(nodeId),
  sk: `${lateClaimPrefix}${String(payableAtMs).padStart(13, '0')}#${ticketHash}`,
})

export const ticketKey = (ticketHash: string) => ({ pk: `ticket#${ticketHash}`, sk: 'late_claim' })

export const toTicketItem = ({ ticketHash, nodeId, payableAtMs }: Place) => ({
  ...ticketKey(ticketHash),
  nodeId,
  payableAtMs,
})

/** Where the claim itself stands. */
export function fromTicketItem(item: Readonly<Record<string, unknown>>) {
  const { nodeId, payableAtMs } = TicketItem.parse(item)
  return { nodeId, payableAtMs }
}

export const toLateClaimItem = (claim: LateClaim) => ({ ...lateClaimKey(claim), ...claim })

export function fromLateClaimItem(item: Readonly<Record<string, unknown>>): LateClaim {
  const { pk: _, sk: __, ...claim } = LateClaimItem.parse(item)
  return claim
}

/** Claims of one node, or on one account, on one UTC day. */
export const lateDayKey = (subject: string, day: string) => ({ pk: `late_day#${subject}`, sk: day })
