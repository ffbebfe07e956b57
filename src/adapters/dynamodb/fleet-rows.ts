/** Reads over the fleet: one node's row, many nodes' hot items, and every row for the schedules. */
import type { FleetRow } from '../../fleet/pool.ts'
import type { FleetStore } from '../../fleet/ports.ts'
import type { Database } from './client.ts'
import { readHotItems } from './hot-reads.ts'
import {
  fleetBuckets,
  fleetItemOf,
  fleetPartition,
  nodeKey,
  rowPrefix,
} from './items/fleet-keys.ts'
import { fromHotItem } from './items/hot-item.ts'
import { fromNodeItem } from './items/node-item.ts'
import { fromProfileItem } from './items/profile-item.ts'
import { queryItems, queryPrefix } from './query-items.ts'

export type FleetReads = Pick<FleetStore, 'readNode' | 'readHotItems' | 'readRow' | 'rows'>
type Item = Readonly<Record<string, unknown>>

export function makeFleetReads(database: Database): FleetReads {
  const TableName = database.tables.profiles
  return {
    readNode: async (nodeId) => {
      const { Item } = await database.client.get({
        TableName,
        Key: nodeKey(nodeId),
        ConsistentRead: true,
      })
      return Item && fromNodeItem(Item)
    },
    readHotItems: (nodeIds) => readHotItems(database, nodeIds),
    readRow: async (nodeId) => {
      const items = queryPrefix(database, TableName, rowPrefix(nodeId))
      return toRow(await Array.fromAsync(items))
    },
    rows: async function* () {
      for (let bucket = 0; bucket < fleetBuckets; bucket += 1) {
        const items = queryItems(database, {
          TableName,
          KeyConditionExpression: 'pk = :pk',
          ExpressionAttributeValues: { ':pk': fleetPartition(bucket) },
        })
        for await (const group of nodeByNode(items)) {
          const row = toRow(group)
          if (row) yield row
        }
      }
    },
  }
}

/** All of a node lies together, so a page and one node are all that is ever in memory. */
async function* nodeByNode(items: AsyncIterable<Item>): AsyncGenerator<readonly Item[]> {
  let group: Item[] = []
  let nodeId: string | undefined
  for await (const item of items) {
    const next = fleetItemOf(item).nodeId
    if (next !== nodeId && group.length > 0) {
      yield group
      group = []
    }
    nodeId = next
    group.push(item)
  }
  if (group.length > 0) yield group
}

/** Undefined without the node's facts: what lies there belongs to nobody enrolled. */
function toRow(items: readonly Item[]): FleetRow | undefined {
  const byKind = Map.groupBy(items, (item) => fleetItemOf(item).kind)
  const [node] = (byKind.get('node') ?? []).map(fromNodeItem)
  const [hot] = (byKind.get('hot') ?? []).map(fromHotItem)
  return node && { node, hot, profiles: (byKind.get('profile') ?? []).map(fromProfileItem) }
}
