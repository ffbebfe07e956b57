/** How many nodes are active, and the grace that an outage of our own earns all of them. */
import type { FleetStore } from '../../fleet/ports.ts'
import type { Database } from './client.ts'
import { fleetStateKey, fromFleetStateItem } from './items/fleet-state-item.ts'
import { setFields, updateIf } from './update-if.ts'

type FleetStateStore = Pick<FleetStore, 'readFleetState' | 'writeActiveNodes' | 'grantGrace'>

/** An outage that lasts is not excused for longer by being noticed again. */
const graceEveryMs = 60 * 60_000

export function makeFleetState(database: Database): FleetStateStore {
  const at = { TableName: database.tables.profiles, Key: fleetStateKey }
  return {
    readFleetState: async () => {
      const { Item } = await database.client.get(at)
      return fromFleetStateItem(Item)
    },
    writeActiveNodes: async (activeNodes) => {
      await database.client.update({ ...at, ...setFields({ activeNodes }) })
    },
    grantGrace: ({ fromMs, untilMs }) => {
      const fields = setFields({ graceFromMs: fromMs, graceUntilMs: untilMs })
      return updateIf(database, {
        ...at,
        ...fields,
        // Or it is this very one: then the reply to an earlier try was lost.
        ConditionExpression:
          'attribute_not_exists(graceFromMs) OR graceFromMs <= :hourAgo' +
          ' OR (#graceFromMs = :graceFromMs AND #graceUntilMs = :graceUntilMs)',
        ExpressionAttributeValues: {
          ...fields.ExpressionAttributeValues,
          ':hourAgo': fromMs - graceEveryMs,
        },
      })
    },
  }
}
