/** Operators' keys by hash. The first owner key is made once per stage, whoever asks again. */
import { GetCommand } from '@aws-sdk/lib-dynamodb'
import type { OperatorKeyStore } from '../../keys/api-key.ts'
import { assert } from '../../protocol/assert.ts'
import type { Database } from './client.ts'
import {
  bootstrapKey,
  fromOperatorKeyItem,
  operatorKeyKey,
  toOperatorKeyItem,
} from './items/operator-key-item.ts'
import { transact } from './transact.ts'

export function makeOperatorKeyStore(database: Database): OperatorKeyStore {
  const { client, tables } = database
  const TableName = tables.keys
  return {
    readOperator: async (keyHash) => {
      const Key = operatorKeyKey(keyHash)
      const { Item } = await client.send(new GetCommand({ TableName, Key, ConsistentRead: true }))
      return Item && fromOperatorKeyItem(Item)
    },
    bootstrapOwner: async (key) => {
      assert(key.role === 'owner', 'the first operator key is an owner', { keyId: key.keyId })
      const put = (Item: Record<string, unknown>) => ({
        Put: { TableName, Item, ConditionExpression: 'attribute_not_exists(pk)' },
      })
      const marker = { ...bootstrapKey, keyId: key.keyId }
      const outcome = await transact(database, [put(marker), put(toOperatorKeyItem(key))])
      return outcome.kind === 'committed'
    },
  }
}
