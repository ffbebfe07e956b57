/** What probes and paid answers show of a node's route, on its hot item. */
import type { FleetStore } from '../../fleet/ports.ts'
import type { Database } from './client.ts'
import { hotKey } from './items/fleet-keys.ts'
import { toProbeField } from './items/hot-item.ts'
import { updateIf } from './update-if.ts'

type Probe = Parameters<FleetStore['recordProbe']>[0]

/** A probe of an older epoch, or no newer than the one on record, changes nothing. */
export async function recordProbe(database: Database, probe: Probe): Promise<void> {
  const { epoch, atMs } = probe
  if (probe.isGood) {
    const field = toProbeField({ okAtMs: atMs, failures: 0, epoch }, atMs)
    const { atMostEveryMs: everyMs } = probe
    const isNext = everyMs === undefined ? isNextOfEpoch : `(${isNextOfEpoch} AND ${isNews})`
    const bounds = everyMs === undefined ? {} : { ':none': 0, ':before': atMs - everyMs }
    await updateIf(database, {
      ...probeUpdate(database, probe),
      UpdateExpression: 'SET probe = :probe',
      ConditionExpression: `attribute_exists(pk) AND (${isNewEpoch} OR ${isNext})`,
      ExpressionAttributeValues: { ':probe': field, ':epoch': epoch, ':at': atMs, ...bounds },
    })
    return
  }
  const isCounted = await updateIf(database, {
    ...probeUpdate(database, probe),
    UpdateExpression: 'SET probe.fails = probe.fails + :one, probe.#at = :at',
    ConditionExpression: isNextOfEpoch,
    ExpressionAttributeValues: { ':one': 1, ':epoch': epoch, ':at': atMs },
  })
  if (isCounted) return
  await updateIf(database, {
    TableName: database.tables.profiles,
    Key: hotKey(probe.nodeId),
    UpdateExpression: 'SET probe = :probe',
    ConditionExpression: `attribute_exists(pk) AND ${isNewEpoch}`,
    ExpressionAttributeValues: {
      ':probe': toProbeField({ okAtMs: 0, failures: 1, epoch }, atMs),
      ':epoch': epoch,
    },
  })
}

const isNewEpoch = '(attribute_not_exists(probe) OR probe.epoch < :epoch)'
const isNextOfEpoch = '(probe.epoch = :epoch AND probe.#at < :at)'
const isNews = '(probe.fails > :none OR probe.okAt <= :before)'

const probeUpdate = ({ tables }: Database, { nodeId }: Probe) => ({
  TableName: tables.profiles,
  Key: hotKey(nodeId),
  ExpressionAttributeNames: { '#at': 'at' },
})
