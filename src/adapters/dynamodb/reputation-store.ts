/** Reputations, and on each node the score that routing reads. */
import type { ReputationStore } from '../../reputation/ports.ts'
import type { Database } from './client.ts'
import { nodeKey } from './items/fleet-keys.ts'
import { fromReputationItem, reputationKey, toReputationItem } from './items/reputation-item.ts'
import { transact } from './transact.ts'

export function makeReputationStore(database: Database): ReputationStore {
  const TableName = database.tables.profiles
  return {
    readReputation: async (nodeId) => {
      const { Item } = await database.client.get({
        TableName,
        Key: reputationKey(nodeId),
        ConsistentRead: true,
      })
      return fromReputationItem(nodeId, Item)
    },
    writeReputation: async ({ reputation, fromVersion, score }) => {
      const outcome = await transact(database, [
        {
          Put: {
            TableName,
            Item: toReputationItem(reputation, fromVersion + 1),
            ...(fromVersion === 0
              ? { ConditionExpression: 'attribute_not_exists(pk)' }
              : {
                  ConditionExpression: 'version = :from',
                  ExpressionAttributeValues: { ':from': fromVersion },
                }),
          },
        },
        {
          Update: {
            TableName,
            Key: nodeKey(reputation.nodeId),
            UpdateExpression: 'SET reputation = :score',
            ConditionExpression: 'attribute_exists(pk)',
            ExpressionAttributeValues: { ':score': score },
          },
        },
      ])
      return outcome.kind === 'committed'
    },
  }
}
