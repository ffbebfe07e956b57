/**
 * The catalogue. Each change of a model makes the next version, kept for good in the same
 * transaction that makes it current, because receipts name the version they were priced by.
 */
import type { PricedModel } from '../../catalogue/model.ts'
import type { CatalogueStore } from '../../fleet/ports.ts'
import type { CatalogueModel } from '../../protocol/catalogue.ts'
import { pauseMs, realPauses } from '../aws/pauses.ts'
import type { Database } from './client.ts'
import {
  cataloguePartition,
  fromModelItem,
  modelKey,
  modelPrefix,
  priceKey,
  toModelItem,
  toPriceItem,
} from './items/catalogue-item.ts'
import { queryPrefix } from './query-items.ts'
import { transact } from './transact.ts'

const attemptsMax = 8

export function makeCatalogueStore(database: Database): CatalogueStore {
  const { client, tables } = database
  const TableName = tables.profiles

  const currentVersion = async (model: string): Promise<number> => {
    const { Item } = await client.get({ TableName, Key: modelKey(model), ConsistentRead: true })
    return Item ? fromModelItem(Item).version : 0
  }

  const putVersion = async (model: PricedModel): Promise<boolean> => {
    const outcome = await transact(database, [
      {
        Put: {
          TableName,
          Item: toModelItem(model),
          ConditionExpression:
            model.version === 1 ? 'attribute_not_exists(pk)' : 'version = :before',
          ...(model.version === 1
            ? {}
            : { ExpressionAttributeValues: { ':before': model.version - 1 } }),
        },
      },
      {
        Put: {
          TableName,
          Item: toPriceItem(model),
          ConditionExpression: 'attribute_not_exists(pk)',
        },
      },
    ])
    return outcome.kind === 'committed'
  }

  return {
    putModel: async (model: CatalogueModel) => {
      for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
        const next = { ...model, version: (await currentVersion(model.id)) + 1 }
        if (await putVersion(next)) return next
        await realPauses.sleep(pauseMs(attempt, realPauses.random))
      }
      throw new Error(`Others kept changing model ${model.id}: put it again.`)
    },
    // Never changes once it is there, so any copy of it will do.
    readVersion: async (model, version) => {
      const Key = priceKey(model, version)
      const { Item } = await client.get({ TableName, Key })
      return Item && fromModelItem(Item)
    },
    listModels: async () => {
      const at = { pk: cataloguePartition, prefix: modelPrefix }
      const items = queryPrefix(database, TableName, at)
      return Array.fromAsync(items, fromModelItem)
    },
  }
}
