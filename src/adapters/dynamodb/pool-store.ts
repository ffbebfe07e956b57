/**
 * Pool shards per model and the public catalogue. Shard 0 is written last: it tells readers how
 * many shards there are, and remembers the old number until the surplus is gone.
 */
import { DeleteCommand, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb'
import type { PoolShard } from '../../fleet/pool.ts'
import type { PoolStore } from '../../fleet/ports.ts'
import { assert } from '../../protocol/assert.ts'
import type { Database } from './client.ts'
import { inSlices } from './in-slices.ts'
import {
  fromPublicCatalogueItem,
  fromShardCount,
  fromShardItem,
  publicCatalogueKey,
  shardKey,
  toPublicCatalogueItem,
  toShardItem,
} from './items/pool-item.ts'

/** 131,072 candidates of one model. */
const shardsMax = 4096

export function makePoolStore({ client, tables }: Database): PoolStore {
  const TableName = tables.profiles

  const readShardCount = async (model: string): Promise<number> => {
    const { Item } = await client.send(
      new GetCommand({
        TableName,
        Key: shardKey(model, 0),
        ProjectionExpression: 'shards',
        ConsistentRead: true,
      }),
    )
    return Item ? fromShardCount(Item) : 0
  }

  return {
    readShard: async (model, index) => {
      const Key = shardKey(model, index)
      const { Item } = await client.send(new GetCommand({ TableName, Key }))
      return Item && fromShardItem(Item)
    },
    writeShards: async (model, shards) => {
      assertShards(model, shards)
      const [first, ...others] = shards.map((shard, index) => toShardItem(model, index, shard))
      const oldCount = await readShardCount(model)
      await inSlices(others, (Item) => client.send(new PutCommand({ TableName, Item })))
      const surplus = Array.from({ length: Math.max(0, oldCount - shards.length) }, (_, index) =>
        shardKey(model, shards.length + index),
      )
      await inSlices(surplus, (Key) => client.send(new DeleteCommand({ TableName, Key })))
      await client.send(new PutCommand({ TableName, Item: first }))
    },
    readPublicCatalogue: async () => {
      const { Item } = await client.send(new GetCommand({ TableName, Key: publicCatalogueKey }))
      return Item && fromPublicCatalogueItem(Item)
    },
    writePublicCatalogue: async (catalogue) => {
      const Item = toPublicCatalogueItem(catalogue)
      await client.send(new PutCommand({ TableName, Item }))
    },
  }
}

function assertShards(model: string, shards: readonly PoolShard[]): void {
  assert(shards.length >= 1 && shards.length <= shardsMax, 'a pool has 1 to 4096 shards', { model })
  assert(
    shards.every((shard) => shard.shards === shards.length && shard.model.id === model),
    'every shard knows its model and how many there are',
    { model },
  )
}
