/**
 * Writes to the hot item: beats, probes, liveness, profiles out of rotation. Each sets its own
 * fields by one conditional update, so that they never undo each other. Only a beat makes the item:
 * before the first one there is nothing to probe or to take out of rotation.
 */
import { isDeepStrictEqual } from 'node:util'
import type { Beat, BeatOutcome, FleetStore } from '../../fleet/ports.ts'
import { assert } from '../../protocol/assert.ts'
import { limits } from '../../protocol/limits.ts'
import { itemOfFailedCondition } from './client/errors.ts'
import type { Database } from './client.ts'
import { hotKey } from './items/fleet-keys.ts'
import { fromHotItem, toBeatFields } from './items/hot-item.ts'
import { recordProbe } from './probe-writes.ts'
import { transact } from './transact.ts'
import { setFields, updateIf } from './update-if.ts'

export type HotWrites = Pick<
  FleetStore,
  'recordBeat' | 'recordProbe' | 'recordLiveness' | 'setProfileDisabled'
>

export function makeHotWrites(database: Database): HotWrites {
  const TableName = database.tables.profiles

  const recordBeat = async (beat: Beat): Promise<BeatOutcome> => {
    const { UpdateExpression, ...set } = setFields(toBeatFields(beat))
    try {
      const { Attributes } = await database.client.update({
        TableName,
        Key: hotKey(beat.nodeId),
        ...set,
        UpdateExpression: `${UpdateExpression}${beat.formerBoot ? '' : ' REMOVE was'}`,
        ConditionExpression: 'attribute_not_exists(seq) OR seq < :seq',
        ReturnValues: 'ALL_NEW',
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      })
      return { kind: 'recorded', hot: fromHotItem(Attributes) }
    } catch (error) {
      const item = itemOfFailedCondition(error)
      if (!item) throw error
      const hot = fromHotItem(item)
      // Ours to the millisecond of its arrival: the reply to an earlier try was lost.
      if (isDeepStrictEqual(toBeatFields(hot), toBeatFields(beat))) return { kind: 'recorded', hot }
      return { kind: 'seq_replay', lastSeq: hot.seq }
    }
  }

  return {
    recordBeat,
    recordProbe: (probe) => recordProbe(database, probe),
    recordLiveness: ({ nodeId, seq, liveness }) =>
      updateIf(database, {
        TableName,
        Key: hotKey(nodeId),
        UpdateExpression: 'SET live = :live',
        ConditionExpression: 'seq = :seq',
        ExpressionAttributeValues: { ':live': liveness, ':seq': seq },
      }),
    setProfileDisabled: (change) => setProfileDisabled(database, change),
  }
}

/**
 * A set, so that two operators who change two profiles at once do not undo each other; and a
 * transaction, so that a try that arrives late does not undo what was changed since.
 */
async function setProfileDisabled(
  database: Database,
  change: Parameters<FleetStore['setProfileDisabled']>[0],
): Promise<boolean> {
  const { nodeId, profileId, isDisabled } = change
  const hasRoom =
    'attribute_not_exists(disabled) OR size(disabled) < :max OR contains(disabled, :profileId)'
  const outcome = await transact(database, [
    {
      Update: {
        TableName: database.tables.profiles,
        Key: hotKey(nodeId),
        UpdateExpression: `${isDisabled ? 'ADD' : 'DELETE'} disabled :profile`,
        ConditionExpression: isDisabled
          ? `attribute_exists(pk) AND (${hasRoom})`
          : 'attribute_exists(pk)',
        ExpressionAttributeValues: {
          ':profile': new Set([profileId]),
          ...(isDisabled ? { ':max': limits.modelsPerNode, ':profileId': profileId } : {}),
        },
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      },
    },
  ])
  if (outcome.kind === 'committed') return true
  assert(!outcome.found.has(0), 'a node has at most 64 profiles out of rotation', { nodeId })
  return false
}
