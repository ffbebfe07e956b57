/**
 * Customers' keys: the record by hash, pointers by id and by account. Ordinals come from a counter
 * per account and never come back, because counters and revocations on the wallet go by them.
 */
import { GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb'
import * as z from 'zod'
import type { CustomerKey, KeyStore } from '../../keys/api-key.ts'
import { assert } from '../../protocol/assert.ts'
import { limits } from '../../protocol/limits.ts'
import { accountKey } from './account-store.ts'
import { batchGet, keysPerBatchMax } from './batch-get.ts'
import type { Database } from './client.ts'
import { Int } from './item-fields.ts'
import {
  accountKeyKey,
  accountKeysPartition,
  fromKeyItem,
  fromPointer,
  keyCounterKey,
  keyIdKey,
  keyIdPrefix,
  keyKey,
  toKeyItem,
} from './items/key-item.ts'
import { walletKey } from './items/wallet-item.ts'
import { queryPrefix } from './query-items.ts'
import { type TransactItem, transact } from './transact.ts'

const NewOrdinal = z.object({ ordinals: Int })
/** Beside the wallet, in the ledger's table. */

export function makeKeyStore(database: Database): KeyStore {
  const { client, tables } = database
  const TableName = tables.keys

  const read = async (keyHash: string, consistent: boolean): Promise<CustomerKey | undefined> => {
    const { Item } = await client.send(
      new GetCommand({ TableName, Key: keyKey(keyHash), ConsistentRead: consistent }),
    )
    return Item && fromKeyItem(Item)
  }

  return {
    readByHash: (keyHash) => read(keyHash, false),
    readById: async (keyId) => {
      const { Item } = await client.send(
        new GetCommand({ TableName, Key: keyIdKey(keyId), ConsistentRead: true }),
      )
      return Item && read(fromPointer(Item), true)
    },
    listKeys: async (accountId) => {
      const at = { pk: accountKeysPartition(accountId), prefix: keyIdPrefix }
      const pointers = queryPrefix(database, TableName, at)
      const hashes = await Array.fromAsync(pointers, fromPointer)
      return readAll(database, hashes)
    },
    /** Undefined where there is no such account, or no room for another key with caps. */
    createKey: async (key) => {
      // An ordinal that a refusal leaves unused is a gap, but an unknown account gets no counter.
      if (!(await accountExists(database, key.accountId))) return undefined
      const created = { ...key, ordinal: await nextOrdinal(database, key.accountId) }
      const outcome = await transact(database, creation(database, created))
      if (outcome.kind === 'committed') return created
      const { failed } = outcome
      const isRefused =
        failed.includes(creationIndex.account) || failed.includes(creationIndex.caps)
      assert(isRefused, 'key ids and hashes are fresh', { keyId: key.keyId })
      return undefined
    },
    revokeKey: async (key) => {
      const outcome = await transact(database, revocation(database, key))
      // The key's own condition fails where it is revoked already, and the rest was done then.
      const isRevoked = outcome.kind === 'committed' || outcome.failed.includes(0)
      assert(isRevoked, 'a key has an account with a wallet', { keyId: key.keyId })
    },
  }
}

async function accountExists({ client, tables }: Database, accountId: string): Promise<boolean> {
  const { Item } = await client.send(
    new GetCommand({
      TableName: tables.balances,
      Key: accountKey(accountId),
      ProjectionExpression: 'pk',
      ConsistentRead: true,
    }),
  )
  return Item !== undefined
}

async function nextOrdinal({ client, tables }: Database, accountId: string): Promise<number> {
  const { Attributes } = await client.send(
    new UpdateCommand({
      TableName: tables.keys,
      Key: keyCounterKey(accountId),
      UpdateExpression: 'ADD ordinals :one',
      ExpressionAttributeValues: { ':one': 1 },
      ReturnValues: 'UPDATED_NEW',
    }),
  )
  return NewOrdinal.parse(Attributes).ordinals
}

const creationIndex = { account: 0, caps: 4 } as const

function creation({ tables }: Database, key: CustomerKey): TransactItem[] {
  const { accountId, keyId, keyHash } = key
  const put = (Item: Record<string, unknown>): TransactItem => ({
    Put: { TableName: tables.keys, Item, ConditionExpression: 'attribute_not_exists(pk)' },
  })
  const caps: TransactItem = {
    Update: {
      TableName: tables.keys,
      Key: keyCounterKey(accountId),
      UpdateExpression: 'ADD cappedKeys :one',
      ConditionExpression: 'attribute_not_exists(cappedKeys) OR cappedKeys < :max',
      ExpressionAttributeValues: { ':one': 1, ':max': limits.cappedKeysPerWallet },
    },
  }
  return [
    {
      ConditionCheck: {
        TableName: tables.balances,
        Key: accountKey(accountId),
        ConditionExpression: 'attribute_exists(pk)',
      },
    },
    put(toKeyItem(key)),
    put({ ...keyIdKey(keyId), keyHash }),
    put({ ...accountKeyKey(accountId, keyId), keyHash }),
    ...(isCapped(key) ? [caps] : []),
  ]
}

/** The key's change and the wallet's mark together; a key with caps makes room for another. */
function revocation({ tables }: Database, key: CustomerKey): TransactItem[] {
  const uncap: TransactItem = {
    Update: {
      TableName: tables.keys,
      Key: keyCounterKey(key.accountId),
      UpdateExpression: 'ADD cappedKeys :less',
      ExpressionAttributeValues: { ':less': -1 },
    },
  }
  return [
    {
      Update: {
        TableName: tables.keys,
        Key: keyKey(key.keyHash),
        UpdateExpression: 'SET #status = :revoked',
        ConditionExpression: '#status = :active',
        ExpressionAttributeNames: { '#status': 'status' },
        ExpressionAttributeValues: { ':revoked': 'revoked', ':active': 'active' },
      },
    },
    {
      Update: {
        TableName: tables.balances,
        Key: walletKey(key.accountId),
        UpdateExpression: 'SET #revoked = :true',
        ConditionExpression: 'attribute_exists(pk)',
        ExpressionAttributeNames: { '#revoked': `revoked#${key.ordinal}` },
        ExpressionAttributeValues: { ':true': true },
      },
    },
    ...(isCapped(key) ? [uncap] : []),
  ]
}

const isCapped = (key: CustomerKey): boolean =>
  [
    key.spendPerDay,
    key.spendPerMonth,
    key.requestsPerMinute,
    key.tokensPerMinute,
    key.concurrency,
  ].some((cap) => cap !== undefined)

async function readAll(database: Database, hashes: readonly string[]): Promise<CustomerKey[]> {
  const keys: CustomerKey[] = []
  for (let from = 0; from < hashes.length; from += keysPerBatchMax) {
    const items = await batchGet(database, {
      table: database.tables.keys,
      keys: hashes.slice(from, from + keysPerBatchMax).map(keyKey),
      consistent: true,
    })
    keys.push(...items.map(fromKeyItem))
  }
  return keys.toSorted((one, other) => one.ordinal - other.ordinal)
}
