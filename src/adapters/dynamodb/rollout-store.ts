/** Rollouts in the Profiles table: few, and each written by a condition on the revision read. */
import type { RolloutStore } from '../../jobs/ports.ts'
import type { Rollout } from '../../jobs/rollout.ts'
import { assert } from '../../protocol/assert.ts'
import { limits } from '../../protocol/limits.ts'
import type { TransactItem } from './client/inputs.ts'
import type { Database } from './client.ts'
import {
  activeIdsOf,
  activeRolloutsKey,
  fromRolloutItem,
  rolloutIdOf,
  rolloutKey,
  rolloutReferenceKey,
  rolloutsPartition,
  toRolloutItem,
} from './items/rollout-item.ts'
import { newestFirst } from './newest-first.ts'
import { transact } from './transact.ts'

export function makeRolloutStore(database: Database): RolloutStore {
  const { client, tables } = database
  const TableName = tables.profiles
  const isNew = { ConditionExpression: 'attribute_not_exists(pk)' }

  return {
    readRollout: async (rolloutId) => {
      const Key = rolloutKey(rolloutId)
      const { Item } = await client.get({ TableName, Key, ConsistentRead: true })
      return Item && fromRolloutItem(Item)
    },
    createRollout: async (rollout) => {
      const { rolloutId, reference } = rollout
      const outcome = await transact(database, [
        {
          Put: {
            TableName,
            Item: { ...rolloutReferenceKey(reference), rolloutId },
            ...isNew,
            ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          },
        },
        {
          Update: {
            TableName,
            Key: activeRolloutsKey,
            UpdateExpression: 'ADD ids :id',
            ConditionExpression: 'attribute_not_exists(ids) OR size(ids) < :max',
            ExpressionAttributeValues: {
              ':id': new Set([rolloutId]),
              ':max': limits.rolloutsActive,
            },
          },
        },
        { Put: { TableName, Item: toRolloutItem(rollout), ...isNew } },
      ])
      if (outcome.kind === 'committed') return { kind: 'created' }
      const taken = outcome.found.get(0)
      if (taken) return { kind: 'reference_taken', rolloutId: rolloutIdOf(taken) }
      assert(outcome.failed.includes(1), 'the id of a new rollout is its own', { rolloutId })
      return { kind: 'too_many' }
    },
    listRollouts: async (page) => {
      const at = { pk: rolloutsPartition, prefix: '' }
      const { items, next } = await newestFirst(database, at, page)
      return { items: items.map(fromRolloutItem), next }
    },
    writeRollout: async (rollout, fromRev) => {
      const { state, open, pending } = rollout
      const isOver = state !== 'running' && open.length === 0 && pending.length === 0
      const outcome = await transact(database, [
        {
          Put: {
            TableName,
            Item: toRolloutItem(rollout),
            ConditionExpression: 'rev = :fromRev',
            ExpressionAttributeValues: { ':fromRev': fromRev },
          },
        },
        ...(isOver ? [leaving(TableName, rollout)] : []),
      ])
      return outcome.kind === 'committed'
    },
    activeRolloutIds: async () => {
      const { Item } = await client.get({ TableName, Key: activeRolloutsKey, ConsistentRead: true })
      return activeIdsOf(Item)
    },
  }
}

const leaving = (TableName: string, { rolloutId }: Rollout): TransactItem => ({
  Update: {
    TableName,
    Key: activeRolloutsKey,
    UpdateExpression: 'DELETE ids :id',
    ExpressionAttributeValues: { ':id': new Set([rolloutId]) },
  },
})
