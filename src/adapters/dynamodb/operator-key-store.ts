/**
 * Operators' keys by hash. The first owner key is made once per stage, whoever asks again, and the
 * last one is never revoked: active keys are counted in the transactions that make and revoke them.
 */
import type { OperatorKey, OperatorKeyStore, OperatorRevocation } from '../../keys/api-key.ts'
import { assert } from '../../protocol/assert.ts'
import { limits } from '../../protocol/limits.ts'
import { batchGet } from './batch-get.ts'
import { isUnknownOutcome } from './client/errors.ts'
import type { TransactItem } from './client/inputs.ts'
import type { Database } from './client.ts'
import {
  bootstrapKey,
  fromOperatorKeyItem,
  hashOfPointer,
  operatorCountKey,
  operatorIdKey,
  operatorIdPrefix,
  operatorKeyKey,
  operatorsPartition,
  toOperatorKeyItem,
} from './items/operator-key-item.ts'
import { transact } from './transact.ts'

export function makeOperatorKeyStore(database: Database): OperatorKeyStore {
  const { client, tables } = database
  const TableName = tables.keys

  const put = (Item: Record<string, unknown>): TransactItem => ({
    Put: { TableName, Item, ConditionExpression: 'attribute_not_exists(pk)' },
  })
  const putKey = (key: OperatorKey): TransactItem[] => [
    put(toOperatorKeyItem(key)),
    put({ ...operatorIdKey(key.keyId), keyHash: key.keyHash }),
  ]
  const readOperator = async (keyHash: string): Promise<OperatorKey | undefined> => {
    const Key = operatorKeyKey(keyHash)
    const { Item } = await client.get({ TableName, Key, ConsistentRead: true })
    return Item && fromOperatorKeyItem(Item)
  }
  const readById = async (keyId: string): Promise<OperatorKey | undefined> => {
    const Key = operatorIdKey(keyId)
    const { Item } = await client.get({ TableName, Key, ConsistentRead: true })
    return Item && readOperator(hashOfPointer(Item))
  }

  return {
    readOperator,
    readOperatorById: readById,
    bootstrapOwner: async (key) => {
      assert(key.role === 'owner', 'the first operator key is an owner', { keyId: key.keyId })
      const marker = { ...bootstrapKey, keyId: key.keyId }
      const count = { ...operatorCountKey, activeKeys: 1, ownerKeys: 1 }
      try {
        const outcome = await transact(database, [put(marker), put(count), ...putKey(key)])
        return outcome.kind === 'committed'
      } catch (error) {
        // A first key that is stored but never shown would lock every operator out.
        if (isUnknownOutcome(error) && (await readOperator(key.keyHash))) return true
        throw error
      }
    },
    createOperator: async (key) => {
      const outcome = await transact(database, [countOne(TableName, key), ...putKey(key)])
      if (outcome.kind === 'committed') return true
      assert(outcome.failed.includes(0), 'key ids and hashes are fresh', { keyId: key.keyId })
      return false
    },
    listOperators: async ({ limit, after }) => {
      const { Items = [], LastEvaluatedKey } = await client.query({
        TableName,
        KeyConditionExpression: 'pk = :pk AND sk > :after',
        ExpressionAttributeValues: {
          ':pk': operatorsPartition,
          ':after': after ?? operatorIdPrefix,
        },
        ConsistentRead: true,
        Limit: limit,
      })
      const keys = Items.map(hashOfPointer).map(operatorKeyKey)
      const found = await batchGet(database, { table: TableName, keys, consistent: true })
      const items = found
        .map(fromOperatorKeyItem)
        .toSorted((one, other) => (one.keyId < other.keyId ? -1 : 1))
      return { items, next: LastEvaluatedKey ? items.at(-1)?.keyId : undefined }
    },
    revokeOperator: async (keyId): Promise<OperatorRevocation> => {
      const key = await readById(keyId)
      if (!key) return { kind: 'unknown_key' }
      const revoked = { kind: 'revoked', key: { ...key, status: 'revoked' } } as const
      if (key.status === 'revoked') return revoked
      const outcome = await transact(database, revocation(TableName, key))
      // The key's own condition fails where another call has revoked it meanwhile.
      const isRevoked = outcome.kind === 'committed' || outcome.failed.includes(0)
      return isRevoked ? revoked : { kind: 'last_owner' }
    },
  }
}

function countOne(TableName: string, { role }: OperatorKey): TransactItem {
  return {
    Update: {
      TableName,
      Key: operatorCountKey,
      UpdateExpression: 'ADD activeKeys :one, ownerKeys :owners',
      ConditionExpression: 'attribute_not_exists(activeKeys) OR activeKeys < :max',
      ExpressionAttributeValues: {
        ':one': 1,
        ':owners': role === 'owner' ? 1 : 0,
        ':max': limits.operatorKeys,
      },
    },
  }
}

function revocation(TableName: string, { keyHash, role }: OperatorKey): TransactItem[] {
  const isOwner = role === 'owner'
  return [
    {
      Update: {
        TableName,
        Key: operatorKeyKey(keyHash),
        UpdateExpression: 'SET #status = :revoked',
        ConditionExpression: '#status = :active',
        ExpressionAttributeNames: { '#status': 'status' },
        ExpressionAttributeValues: { ':revoked': 'revoked', ':active': 'active' },
      },
    },
    {
      Update: {
        TableName,
        Key: operatorCountKey,
        UpdateExpression: 'ADD activeKeys :less, ownerKeys :owners',
        ...(isOwner ? { ConditionExpression: 'ownerKeys > :one' } : {}),
        ExpressionAttributeValues: {
          ':less': -1,
          ':owners': isOwner ? -1 : 0,
          ...(isOwner ? { ':one': 1 } : {}),
        },
      },
    },
  ]
}
