/**
 * What closing an account's books needs: the wallet's close, the decisions behind it, the book, and
 * where a schedule goes on.
 */
import * as z from 'zod'
import type { ClosingStore } from '../../ledger/journal-ports.ts'
import type { Decision } from '../../ledger/ports.ts'
import { isFailedCondition, itemOfFailedCondition } from './client/errors.ts'
import type { Database } from './client.ts'
import { bookKey, fromBookItem } from './items/book-item.ts'
import { fromReceiptItem } from './items/receipt-item.ts'
import { fromWalletItem, walletKey } from './items/wallet-item.ts'
import { queryItems } from './query-items.ts'

const PlaceItem = z.strictObject({ pk: z.string(), sk: z.string(), place: z.string().optional() })
const placeKey = (schedule: string) => ({ pk: `schedule#${schedule}`, sk: 'place' })

/** Sorts before every hold id: those begin with the ten digits of their time. */
const beforeAllHolds = '0'

export function makeClosingStore(database: Database): ClosingStore {
  const { client, tables } = database
  const TableName = tables.balances

  return {
    closeBefore: async (accountId, holdId) => {
      try {
        const { Attributes } = await client.update({
          TableName,
          Key: walletKey(accountId),
          UpdateExpression: 'SET closedBefore = :holdId',
          ConditionExpression:
            'attribute_exists(pk) AND ' +
            '(attribute_not_exists(closedBefore) OR closedBefore < :holdId)',
          ExpressionAttributeValues: { ':holdId': holdId },
          ReturnValues: 'ALL_NEW',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        })
        return Attributes && fromWalletItem(Attributes)
      } catch (error) {
        if (!isFailedCondition(error)) throw error
        const item = itemOfFailedCondition(error)
        return item && fromWalletItem(item)
      }
    },
    decisionsBetween: (range) => decisionsBetween(database, range),
    readBook: async (accountId) => {
      const Key = bookKey(accountId)
      const { Item } = await client.get({ TableName, Key, ConsistentRead: true })
      return Item && fromBookItem(Item)
    },
    readPlace: async (schedule) => {
      const Key = placeKey(schedule)
      const { Item } = await client.get({ TableName, Key, ConsistentRead: true })
      return Item && PlaceItem.parse(Item).place
    },
    writePlace: async (schedule, place) => {
      await client.put({ TableName, Item: { ...placeKey(schedule), place } })
    },
  }
}

async function decisionsBetween(
  database: Database,
  range: Parameters<ClosingStore['decisionsBetween']>[0],
): Promise<Decision[]> {
  const { accountId, before, limit } = range
  const after = range.after || beforeAllHolds
  if (after >= before) return []
  const items = queryItems(database, {
    TableName: database.tables.receipts,
    // Includes both bounds, which are dropped below.
    KeyConditionExpression: 'pk = :pk AND sk BETWEEN :after AND :before',
    ExpressionAttributeValues: { ':pk': accountId, ':after': after, ':before': before },
    ConsistentRead: true,
    Limit: limit + 2,
  })
  const decisions: Decision[] = []
  for await (const item of items) {
    if (decisions.length >= limit) break
    const decision = fromReceiptItem(item)
    if (decision.holdId > after && decision.holdId < before) decisions.push(decision)
  }
  return decisions
}
