/** Customers' keys as requests read them: by the hash of a secret, and by the id in a receipt. */
import type { CustomerKey, KeyStore } from '../../keys/api-key.ts'
import type { Database } from './client.ts'
import {
  type FoundKey,
  fromEitherItem,
  fromPointer,
  keyIdKey,
  keyKey,
  throughFormer,
} from './items/key-item.ts'

/** Of a key that is replaced whenever it is looked at. */
const looksMax = 5

export const makeKeyReads = (database: Database): Pick<KeyStore, 'readByHash' | 'readById'> => ({
  readByHash: async (keyHash) => {
    const found = await readItem(database, keyHash, false)
    if (found?.kind !== 'replaced') return found?.key
    const next = await readItem(database, found.replacedBy, true)
    // Replaced once more: a secret is good beside the next one and no longer.
    return next?.kind === 'key' ? throughFormer(next.key, found) : undefined
  },
  readById: (keyId) => readById(database, keyId),
})

async function readItem(
  { client, tables }: Database,
  keyHash: string,
  consistent: boolean,
): Promise<FoundKey | undefined> {
  const { Item } = await client.get({
    TableName: tables.keys,
    Key: keyKey(keyHash),
    ConsistentRead: consistent,
  })
  return Item && fromEitherItem(Item)
}

export async function readById(
  database: Database,
  keyId: string,
): Promise<CustomerKey | undefined> {
  const { client, tables } = database
  for (let look = 0; look < looksMax; look += 1) {
    const { Item } = await client.get({
      TableName: tables.keys,
      Key: keyIdKey(keyId),
      ConsistentRead: true,
    })
    const found = Item && (await readItem(database, fromPointer(Item), true))
    // Replaced between the two reads: the pointer names the next one by now.
    if (found?.kind !== 'replaced') return found?.key
  }
  throw new Error('The key was replaced each time that it was read.')
}
