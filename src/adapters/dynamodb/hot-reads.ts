/** The hot items of the candidates of a request, in one call. */
import type { HotItem } from '../../fleet/node.ts'
import { batchGet } from './batch-get.ts'
import type { Database } from './client.ts'
import { hotKey } from './items/fleet-keys.ts'
import { fromHotItem } from './items/hot-item.ts'

/** By node; one that never beat is not among them. */
export async function readHotItems(
  database: Database,
  nodeIds: readonly string[],
): Promise<ReadonlyMap<string, HotItem>> {
  const keys = [...new Set(nodeIds)].map(hotKey)
  const table = database.tables.profiles
  const items = await batchGet(database, { table, keys, consistent: false })
  return new Map(items.map(fromHotItem).map((hot) => [hot.nodeId, hot]))
}
