/** The list of active incidents as it is now: what gateways honour, and what every change of one stands on. */
import type { Database } from './client.ts'
import { type ActiveList, activeIncidentsKey, fromActiveItem } from './items/incident-item.ts'

export async function readActiveList({ client, tables }: Database): Promise<ActiveList> {
  const { Item } = await client.get({
    TableName: tables.profiles,
    Key: activeIncidentsKey,
    ConsistentRead: true,
  })
  return fromActiveItem(Item)
}
