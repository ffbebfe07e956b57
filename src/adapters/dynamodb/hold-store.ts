/**
 * The three writes of a paid request: reserve, decide, settle. Each is one item and one condition, so
 * repeating it after a lost reply changes nothing.
 */
import { PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb'
import type {
  DecideOutcome,
  Decision,
  HoldStore,
  Reservation,
  ReserveOutcome,
  Settlement,
  SettleOutcome,
} from '../../ledger/ports.ts'
import { openHoldsMax } from '../../ledger/reserve.ts'
import { sweepBucketOf } from '../../ledger/wallet.ts'
import {
  type Database,
  isFailedCondition,
  isUnknownOutcome,
  itemOfFailedCondition,
} from './client.ts'
import { fromReceiptItem, toReceiptItem } from './items/receipt-item.ts'
import { fromWalletItem, toHoldItem, walletKey } from './items/wallet-item.ts'

export function makeHoldStore({ client, tables }: Database): HoldStore {
  const reserve = async (reservation: Reservation): Promise<ReserveOutcome> => {
    try {
      await client.send(
        new UpdateCommand({ TableName: tables.balances, ...reserveUpdate(reservation) }),
      )
      return { kind: 'held' }
    } catch (error) {
      if (isFailedCondition(error)) {
        const item = itemOfFailedCondition(error)
        return { kind: 'refused', wallet: item && fromWalletItem(item) }
      }
      return unknownOrThrow(error)
    }
  }

  const decide = async (decision: Decision): Promise<DecideOutcome> => {
    try {
      await client.send(
        new PutCommand({
          TableName: tables.receipts,
          Item: toReceiptItem(decision),
          ConditionExpression: 'attribute_not_exists(pk)',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      )
      return { kind: 'decided' }
    } catch (error) {
      const item = itemOfFailedCondition(error)
      if (item) return { kind: 'decided_before', decision: fromReceiptItem(item) }
      return unknownOrThrow(error)
    }
  }

  const settle = async (settlement: Settlement): Promise<SettleOutcome> => {
    try {
      await client.send(
        new UpdateCommand({ TableName: tables.balances, ...settleUpdate(settlement) }),
      )
      return { kind: 'settled' }
    } catch (error) {
      if (isFailedCondition(error)) return { kind: 'applied_before' }
      return unknownOrThrow(error)
    }
  }

  return { reserve, decide, settle }
}

function reserveUpdate({ accountId, holdId, hold, keyOrdinal, charges }: Reservation) {
  const counters = charges.map((charge, index) => ({ ...charge, name: `#c${index}`, index }))
  return {
    Key: walletKey(accountId),
    UpdateExpression: [
      'SET available = available - :amount',
      'held = held + :amount',
      'holds.#hold = :hold',
      'sweepBucket = if_not_exists(sweepBucket, :bucket)',
      ...counters.map(
        ({ name, index }) => `${name} = if_not_exists(${name}, :zero) + :add${index}`,
      ),
    ].join(', '),
    ConditionExpression: [
      '#status = :active',
      'available >= :amount',
      'attribute_not_exists(holds.#hold)',
      'size(holds) < :holdsMax',
      'attribute_not_exists(#revoked)',
      ...counters.map(
        ({ name, index }) => `(attribute_not_exists(${name}) OR ${name} <= :room${index})`,
      ),
    ].join(' AND '),
    ExpressionAttributeNames: {
      '#status': 'status',
      '#hold': holdId,
      '#revoked': `revoked#${keyOrdinal}`,
      ...Object.fromEntries(charges.map(({ name }, index) => [`#c${index}`, name])),
    },
    ExpressionAttributeValues: {
      ':amount': hold.amount,
      ':hold': toHoldItem(hold),
      ':bucket': sweepBucketOf(hold.expiresAtSec),
      ':active': 'active',
      ':holdsMax': openHoldsMax,
      ...(charges.length === 0 ? {} : { ':zero': 0n }),
      ...Object.fromEntries(charges.map(({ add }, index) => [`:add${index}`, add])),
      ...Object.fromEntries(charges.map(({ add, cap }, index) => [`:room${index}`, cap - add])),
    },
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
  }
}

function settleUpdate({ accountId, holdId, hold, charge, spendCounters }: Settlement) {
  const remainder = hold.amount - charge
  return {
    Key: walletKey(accountId),
    UpdateExpression: `${[
      'SET available = available + :remainder',
      'held = held - :amount',
      'spent = spent + :charge',
      // A counter of a period that was cleaned away meanwhile starts at the remainder: ends at 0.
      ...spendCounters.map((_, i) => `#c${i} = if_not_exists(#c${i}, :remainder) - :remainder`),
    ].join(', ')} REMOVE holds.#hold`,
    ConditionExpression: 'holds.#hold.n = :nonce',
    ExpressionAttributeNames: {
      '#hold': holdId,
      ...Object.fromEntries(spendCounters.map((name, index) => [`#c${index}`, name])),
    },
    ExpressionAttributeValues: {
      ':remainder': remainder,
      ':amount': hold.amount,
      ':charge': charge,
      ':nonce': hold.nonce,
    },
  }
}

function unknownOrThrow(error: unknown): { readonly kind: 'unknown' } {
  if (isUnknownOutcome(error)) return { kind: 'unknown' }
  throw error
}
