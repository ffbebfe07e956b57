/** Pools and the public catalogue as requests read them: what a pass has written, whole and a little old. */
import type { PoolStore } from '../../fleet/ports.ts'
import type { Database } from './client.ts'
import {
  fromHeadItem,
  fromPublicCatalogueItem,
  fromShardItem,
  headKey,
  publicCatalogueKey,
  shardKey,
} from './items/pool-item.ts'

export type PoolReads = Pick<PoolStore, 'readHead' | 'readShard' | 'readPublicCatalogue'>

export function makePoolReads({ client, tables }: Database): PoolReads {
  const TableName = tables.profiles
  return {
    readHead: async (model) => {
      const { Item } = await client.get({ TableName, Key: headKey(model) })
      return Item && fromHeadItem(Item)
    },
    readShard: async (model, index) => {
      const Key = shardKey(model, index)
      const { Item } = await client.get({ TableName, Key })
      return Item && fromShardItem(Item, index).candidates
    },
    readPublicCatalogue: async () => {
      const { Item } = await client.get({ TableName, Key: publicCatalogueKey })
      return Item && fromPublicCatalogueItem(Item)
    },
  }
}
