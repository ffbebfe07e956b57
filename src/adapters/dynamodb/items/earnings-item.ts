/**
 * A node's earnings as they are stored: one item of sums beside the node's entries, and its place in
 * the listing of all nodes that ever earned.
 */
import * as z from 'zod'
import {
  assertEarnings,
  type Earnings,
  type EarningsDelta,
  noEarnings,
} from '../../../ledger/earnings.ts'
import { Amount } from '../item-fields.ts'

const EarningsItem = z.strictObject({
  pk: z.string(),
  sk: z.literal('earnings'),
  nodeId: z.string(),
  accrued: Amount,
  payable: Amount,
  inTransit: Amount,
  paid: Amount,
  clawedBack: Amount,
  escrowed: Amount,
})

export const hostPartition = (nodeId: string): string => `host#${nodeId}`
export const earningsKey = (nodeId: string) => ({ pk: hostPartition(nodeId), sk: 'earnings' })

/** All nodes that ever earned, by id. */
export const earners = 'earners'
export const toEarnerItem = (nodeId: string) => ({ pk: earners, sk: nodeId })

export const newEarningsItem = (nodeId: string) => ({
  ...earningsKey(nodeId),
  ...noEarnings(nodeId),
})

/** Asserts S13: earnings that break it are never acted upon. */
export function fromEarningsItem(item: Readonly<Record<string, unknown>>): Earnings {
  const { pk: _, sk: __, ...earnings } = EarningsItem.parse(item)
  assertEarnings(earnings)
  return earnings
}

/** Only where earnings stand already, and where no field would fall below zero. */
export function earningsUpdate(nodeId: string, delta: EarningsDelta) {
  const changes = Object.entries(delta).filter(([, amount]) => amount !== 0n)
  const taken = changes.filter(([, amount]) => amount < 0n)
  return {
    Key: earningsKey(nodeId),
    UpdateExpression: `ADD ${changes.map(([name]) => `${name} :${name}`).join(', ')}`,
    ConditionExpression: [
      'attribute_exists(pk)',
      ...taken.map(([name]) => `${name} >= :${name}Taken`),
    ].join(' AND '),
    ExpressionAttributeValues: {
      ...Object.fromEntries(changes.map(([name, amount]) => [`:${name}`, amount])),
      ...Object.fromEntries(taken.map(([name, amount]) => [`:${name}Taken`, -amount])),
    },
  }
}
