/** Reads over the fleet: one node's row, many nodes' hot items, and every row for the schedules. */
import { GetCommand } from '@aws-sdk/lib-dynamodb'
import type { HotItem, NodeFacts, NodeProfile } from '../../fleet/node.ts'
import type { FleetRow } from '../../fleet/pool.ts'
import type { FleetStore } from '../../fleet/ports.ts'
import { batchGet } from './batch-get.ts'
import type { Database } from './client.ts'
import type { Profiles } from './fleet-profiles.ts'
import {
  fleetBuckets,
  fleetPartition,
  hotKey,
  hotPrefix,
  nodeKey,
  nodePrefix,
} from './items/fleet-keys.ts'
import { fromHotItem } from './items/hot-item.ts'
import { fromNodeItem } from './items/node-item.ts'
import { fromProfileItem } from './items/profile-item.ts'
import { queryItems } from './query-items.ts'

export type FleetReads = Pick<FleetStore, 'readNode' | 'readHotItems' | 'readRow' | 'rows'>

export function makeFleetReads(
  database: Database,
  { readProfiles }: Pick<Profiles, 'readProfiles'>,
): FleetReads {
  const table = database.tables.profiles

  const readNode = async (nodeId: string): Promise<NodeFacts | undefined> => {
    const { Item } = await database.client.send(
      new GetCommand({ TableName: table, Key: nodeKey(nodeId), ConsistentRead: true }),
    )
    return Item && fromNodeItem(Item)
  }

  const readHotItems = async (nodeIds: readonly string[]) => {
    const keys = [...new Set(nodeIds)].map(hotKey)
    const items = await batchGet(database, { table, keys, consistent: false })
    return new Map(items.map(fromHotItem).map((hot) => [hot.nodeId, hot]))
  }

  return {
    readNode,
    readHotItems,
    readRow: async (nodeId) => {
      const [node, hots, profiles] = await Promise.all([
        readNode(nodeId),
        readHotItems([nodeId]),
        readProfiles(nodeId),
      ])
      return node && { node, hot: hots.get(nodeId), profiles }
    },
    rows: async function* () {
      for (let bucket = 0; bucket < fleetBuckets; bucket += 1) {
        yield* await readBucket(database, bucket)
      }
    },
  }
}

async function readBucket(database: Database, bucket: number): Promise<readonly FleetRow[]> {
  const nodes: NodeFacts[] = []
  const hots = new Map<string, HotItem>()
  const profiles: NodeProfile[] = []
  const items = queryItems(database, {
    TableName: database.tables.profiles,
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': fleetPartition(bucket) },
  })
  for await (const item of items) {
    const sk = String(item.sk)
    if (sk.startsWith(nodePrefix)) {
      nodes.push(fromNodeItem(item))
    } else if (sk.startsWith(hotPrefix)) {
      const hot = fromHotItem(item)
      hots.set(hot.nodeId, hot)
    } else {
      profiles.push(fromProfileItem(item))
    }
  }
  const byNode = Map.groupBy(profiles, ({ nodeId }) => nodeId)
  return nodes.map((node) => ({
    node,
    hot: hots.get(node.nodeId),
    profiles: byNode.get(node.nodeId) ?? [],
  }))
}
