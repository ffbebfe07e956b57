/**
 * Pools per model and the public catalogue. A pass writes shards as they fill and the head last; it
 * tells readers how many shards there are, and remembers the old number until the surplus is gone.
 */
import type { PackedShard, PoolStore, StoredShard } from '../../fleet/ports.ts'
import { assert } from '../../protocol/assert.ts'
import { sha256Hex } from '../../protocol/canonical.ts'
import { inSlices } from '../../protocol/in-slices.ts'
import { isFailedCondition, itemOfFailedCondition } from './client/errors.ts'
import type { Database } from './client.ts'
import { placeOf } from './items/fleet-keys.ts'
import {
  beginningOf,
  fromShardBeginning,
  fromShardCount,
  fromShardItem,
  fromShardVersion,
  headKey,
  packShard,
  shardKey,
  toHeadItem,
  toPublicCatalogueItem,
  toShardItem,
} from './items/pool-item.ts'
import { makePoolReads } from './pool-reads.ts'

/** Above 114,000 candidates of one model, in full shards. */
const shardsMax = 4096

export function makePoolStore(database: Database): PoolStore {
  const { client } = database
  const TableName = database.tables.profiles
  return {
    ...makePoolReads(database),
    findShard: (model, nodeId) => findShard(database, model, nodeId),
    pack: packShard,
    writeShard: async (model, index, shard) => {
      assert(index < shardsMax, 'a pool has at most 4096 shards', { model })
      const fields = { from: beginningOf(shard), version: versionOf(shard), body: shard.body }
      await client.put({ TableName, Item: toShardItem(model, index, fields) })
    },
    replaceShard: (model, from, to) => replaceShard(database, model, from, to),
    writeHead: async (head) => {
      const model = head.model.id
      const oldCount = (await readCount(database, model)) ?? 0
      const surplus = Array.from({ length: Math.max(0, oldCount - head.shards) }, (_, index) =>
        shardKey(model, head.shards + index),
      )
      await inSlices(surplus, (Key) => client.delete({ TableName, Key }))
      await client.put({ TableName, Item: toHeadItem(head) })
    },
    writePublicCatalogue: async (catalogue) => {
      const Item = toPublicCatalogueItem(catalogue)
      await client.put({ TableName, Item })
    },
  }
}

const versionOf = ({ body }: PackedShard): string => sha256Hex(body).slice(0, 32)

async function readCount(database: Database, model: string): Promise<number | undefined> {
  const item = await readNow(database, headKey(model), 'shards')
  return item && fromShardCount(item)
}

/**
 * The last shard that begins at the node or before it. While a pass is at work the beginnings may be
 * of two passes: what is found then is in the wrong place at worst until that pass's end.
 */
async function findShard(
  database: Database,
  model: string,
  nodeId: string,
): Promise<StoredShard | undefined> {
  const shards = await readCount(database, model)
  if (shards === undefined) return undefined
  const place = placeOf(nodeId)
  // Shard 0 takes all that lies before shard 1.
  let [low, high] = [0, shards - 1]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    const item = await readNow(database, shardKey(model, middle), '#from')
    if (item && fromShardBeginning(item) <= place) low = middle
    else high = middle - 1
  }
  const item = await readNow(database, shardKey(model, low))
  return item && fromShardItem(item, low)
}

async function readNow(
  { client, tables }: Database,
  Key: { readonly pk: string; readonly sk: string },
  only?: 'shards' | '#from',
) {
  const { Item } = await client.get({
    TableName: tables.profiles,
    Key,
    ConsistentRead: true,
    ...(only === undefined ? {} : { ProjectionExpression: only }),
    ...(only === '#from' ? { ExpressionAttributeNames: { '#from': 'from' } } : {}),
  })
  return Item
}

/** The beginning stays: a run of nodes does not shrink because its first one left. */
async function replaceShard(
  { client, tables }: Database,
  model: string,
  { index, version: old }: StoredShard,
  to: PackedShard,
): Promise<boolean> {
  const version = versionOf(to)
  const update = {
    TableName: tables.profiles,
    Key: shardKey(model, index),
    UpdateExpression: 'SET body = :body, version = :version',
    ConditionExpression: 'version = :old',
    ExpressionAttributeValues: { ':body': to.body, ':version': version, ':old': old },
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  } as const
  try {
    await client.update(update)
    return true
  } catch (error) {
    if (!isFailedCondition(error)) throw error
    // Already so: the reply to an earlier try was lost.
    const item = itemOfFailedCondition(error)
    return item !== undefined && fromShardVersion(item) === version
  }
}
