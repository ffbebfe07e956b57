/**
 * Marks on single requests: a cancel that its process looks for, a retry that was answered. Beside the
 * idempotency claims, and as short-lived as these.
 */
import * as z from 'zod'
import type { RequestMarkStore } from '../../ledger/request-marks.ts'
import { batchGet } from './batch-get.ts'
import { itemOfFailedCondition } from './client/errors.ts'
import type { Database } from './client.ts'

const cancelPrefix = 'cancel#'
const cancelKey = (holdId: string) => ({ pk: `${cancelPrefix}${holdId}`, sk: 'cancel' })
const CancelItem = z.object({ pk: z.string(), keyId: z.string() })
const RetryItem = z.object({ by: z.string() })

export function makeRequestMarkStore(database: Database): RequestMarkStore {
  const { client, tables } = database
  const TableName = tables.keys
  return {
    // Whatever stood there said the same of the same request, or names a key that may not cancel it.
    putCancel: async ({ holdId, keyId, expiresAtSec }) => {
      await client.put({ TableName, Item: { ...cancelKey(holdId), keyId, expiresAtSec } })
    },
    readCancels: async (holdIds) => {
      const keys = holdIds.map(cancelKey)
      const items = await batchGet(database, { table: TableName, keys, consistent: false })
      return new Map(
        items.map((item) => {
          const { pk, keyId } = CancelItem.parse(item)
          return [pk.slice(cancelPrefix.length), keyId]
        }),
      )
    },
    takeRetry: async ({ ofHoldId, byHoldId, expiresAtSec }) => {
      try {
        await client.put({
          TableName,
          Item: { pk: `retry#${ofHoldId}`, sk: 'retry', by: byHoldId, expiresAtSec },
          ConditionExpression: 'attribute_not_exists(pk)',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        })
        return true
      } catch (error) {
        const item = itemOfFailedCondition(error)
        if (!item) throw error
        return RetryItem.parse(item).by === byHoldId
      }
    },
  }
}
