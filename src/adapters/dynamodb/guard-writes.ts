/**
 * The guards of a posting as writes of its transaction: each checks what it guards and records that
 * it passed. Conditions cannot do arithmetic, so what would be added is taken off the bound instead.
 */
import type { Guard } from '../../ledger/journal-ports.ts'
import { absurd } from '../../protocol/assert.ts'
import type { TransactItem } from './client/inputs.ts'
import { adjustmentKey } from './items/adjustment-item.ts'
import { toBookItem } from './items/book-item.ts'
import { lateDayKey, toLateClaimItem, toTicketItem } from './items/late-claim-item.ts'
import { toPayoutItem } from './items/payout-item.ts'

type GuardOf<Kind extends Guard['kind']> = Extract<Guard, { kind: Kind }>

export function guardWrites(TableName: string, guard: Guard): TransactItem[] {
  switch (guard.kind) {
    case 'refund':
      return [{ Update: { TableName, ...refundUpdate(guard) } }]
    case 'payout':
      return [
        { Put: { TableName, Item: toPayoutItem(guard.payout), ...stands('state', guard.from) } },
      ]
    case 'late_claim':
      return lateClaimWrites(TableName, guard)
    case 'late_day':
      return [{ Update: { TableName, ...lateDayUpdate(guard) } }]
    case 'book':
      return [
        {
          Put: { TableName, Item: toBookItem(guard.to), ...stands('through', guard.from?.through) },
        },
      ]
    case 'approval':
      return [{ Update: { TableName, ...approvalUpdate(guard) } }]
    default:
      return absurd(guard)
  }
}

/** The sum of what was given back of one charge. */
const refundedKey = (accountId: string, holdId: string) => ({
  pk: accountId,
  sk: `refund#${holdId}`,
})

function refundUpdate({ accountId, holdId, amount, charge }: GuardOf<'refund'>) {
  const room = charge - amount
  const isCovered = 'refunded <= :room'
  return {
    Key: refundedKey(accountId, holdId),
    UpdateExpression: 'SET refunded = if_not_exists(refunded, :zero) + :amount',
    ConditionExpression: room >= 0n ? `attribute_not_exists(refunded) OR ${isCovered}` : isCovered,
    ExpressionAttributeValues: { ':zero': 0n, ':amount': amount, ':room': room },
  }
}

function lateClaimWrites(
  TableName: string,
  { claim, from }: GuardOf<'late_claim'>,
): TransactItem[] {
  const itself = { Put: { TableName, Item: toLateClaimItem(claim), ...stands('state', from) } }
  if (from !== undefined) return [itself]
  return [{ Put: { TableName, Item: toTicketItem(claim), ...isAbsent } }, itself]
}

function lateDayUpdate({ subject, day, countMax, amount, amountMax }: GuardOf<'late_day'>) {
  const room = amountMax - amount
  const hasRoom = '#count < :countMax AND amount <= :room'
  return {
    Key: lateDayKey(subject, day),
    UpdateExpression:
      'SET #count = if_not_exists(#count, :zero) + :one, ' +
      'amount = if_not_exists(amount, :zero) + :amount',
    ConditionExpression:
      room >= 0n && countMax > 0 ? `attribute_not_exists(pk) OR (${hasRoom})` : hasRoom,
    ExpressionAttributeNames: { '#count': 'count' },
    ExpressionAttributeValues: {
      ':zero': 0n,
      ':one': 1n,
      ':countMax': countMax,
      ':amount': amount,
      ':room': room,
    },
  }
}

function approvalUpdate({ reference }: GuardOf<'approval'>) {
  return {
    Key: adjustmentKey(reference),
    UpdateExpression: 'SET #state = :approved',
    ConditionExpression: '#state = :requested',
    ExpressionAttributeNames: { '#state': 'state' },
    ExpressionAttributeValues: { ':requested': 'requested', ':approved': 'approved' },
  }
}

const isAbsent = { ConditionExpression: 'attribute_not_exists(pk)' } as const

/** Undefined where nothing is there yet. */
function stands(attribute: 'state' | 'through', value: string | undefined) {
  if (value === undefined) return isAbsent
  return {
    ConditionExpression: '#attribute = :value',
    ExpressionAttributeNames: { '#attribute': attribute },
    ExpressionAttributeValues: { ':value': value },
  }
}
