/**
 * Customers' keys: the record by hash, pointers by id and by account. Ordinals come from a counter
 * per account and never come back, because counters and revocations on the wallet go by them.
 */
import * as z from 'zod'
import type { CustomerKey, KeyStore } from '../../keys/api-key.ts'
import { assert } from '../../protocol/assert.ts'
import { accountKey } from './account-store.ts'
import { batchGet, keysPerBatchMax } from './batch-get.ts'
import type { Database } from './client.ts'
import { Int } from './item-fields.ts'
import {
  accountKeysPartition,
  fromEitherItem,
  fromPointer,
  keyCounterKey,
  keyIdPrefix,
  keyKey,
} from './items/key-item.ts'
import { makeKeyReads, readById } from './key-reads.ts'
import { changing, creation, creationIndex, revocation, rotation } from './key-writes.ts'
import { queryPrefix } from './query-items.ts'
import { transact } from './transact.ts'

const NewOrdinal = z.object({ ordinals: Int })
/** Of a key that is changed whenever it is looked at. */
const looksMax = 5

export function makeKeyStore(database: Database): KeyStore {
  const { tables } = database
  return {
    ...makeKeyReads(database),
    listKeys: async (accountId) => {
      const at = { pk: accountKeysPartition(accountId), prefix: keyIdPrefix }
      const pointers = queryPrefix(database, tables.keys, at)
      const hashes = await Array.fromAsync(pointers, fromPointer)
      return readAll(database, hashes)
    },
    /** Undefined where there is no such account, or no room for another key with limits. */
    createKey: async (key) => {
      // An ordinal that a refusal leaves unused is a gap, but an unknown account gets no counter.
      if (!(await accountExists(database, key.accountId))) return undefined
      const created: CustomerKey = {
        ...key,
        ordinal: await nextOrdinal(database, key.accountId),
        secret: 1,
        previousSecretUntilMs: undefined,
        spendTightenedAtMs: undefined,
        version: 1,
      }
      const outcome = await transact(database, creation(tables, created))
      if (outcome.kind === 'committed') return created
      const { failed } = outcome
      const isRefused =
        failed.includes(creationIndex.account) || failed.includes(creationIndex.room)
      assert(isRefused, 'key ids and hashes are fresh', { keyId: key.keyId })
      return undefined
    },
    changeKey: async (before, change) => {
      const key: CustomerKey = { ...before, ...change, version: before.version + 1 }
      const outcome = await transact(database, changing(tables, { before, after: key }))
      if (outcome.kind === 'committed') return { kind: 'changed', key }
      return { kind: outcome.failed.includes(0) ? 'stale' : 'no_room' }
    },
    rotateKey: async (before, { keyHash, atMs, graceMs }) => {
      const previousUntilMs = atMs + graceMs
      const key: CustomerKey = {
        ...before,
        keyHash,
        secret: before.secret + 1,
        previousSecretUntilMs: graceMs === 0 ? undefined : previousUntilMs,
        version: before.version + 1,
      }
      const change = { before, after: key, previousUntilMs }
      const outcome = await transact(database, rotation(tables, change))
      if (outcome.kind === 'committed') return { kind: 'changed', key }
      assert(outcome.failed.includes(0), 'a key has its pointers and a wallet', {
        keyId: key.keyId,
      })
      return { kind: 'stale' }
    },
    revokeKey: async (key) => {
      let last = key
      for (let look = 0; look < looksMax; look += 1) {
        const outcome = await transact(database, revocation(tables, last))
        if (outcome.kind === 'committed') return
        const isStale = outcome.failed.includes(0)
        assert(isStale, 'a key has an account with a wallet', { keyId: key.keyId })
        // Revoked already, and all of it was done then; or changed since it was read.
        const now = await readById(database, key.keyId)
        if (now?.status !== 'active') return
        last = now
      }
      throw new Error('The key was changed each time that it was to be revoked.')
    },
  }
}

async function accountExists({ client, tables }: Database, accountId: string): Promise<boolean> {
  const { Item } = await client.get({
    TableName: tables.balances,
    Key: accountKey(accountId),
    ProjectionExpression: 'pk',
    ConsistentRead: true,
  })
  return Item !== undefined
}

async function nextOrdinal({ client, tables }: Database, accountId: string): Promise<number> {
  const { Attributes } = await client.update({
    TableName: tables.keys,
    Key: keyCounterKey(accountId),
    UpdateExpression: 'ADD ordinals :one',
    ExpressionAttributeValues: { ':one': 1 },
    ReturnValues: 'UPDATED_NEW',
  })
  return NewOrdinal.parse(Attributes).ordinals
}

async function readAll(database: Database, hashes: readonly string[]): Promise<CustomerKey[]> {
  const keys: CustomerKey[] = []
  for (let from = 0; from < hashes.length; from += keysPerBatchMax) {
    const items = await batchGet(database, {
      table: database.tables.keys,
      keys: hashes.slice(from, from + keysPerBatchMax).map(keyKey),
      consistent: true,
    })
    for (const item of items) {
      const found = fromEitherItem(item)
      const key = found.kind === 'key' ? found.key : await readById(database, found.keyId)
      if (key) keys.push(key)
    }
  }
  return keys.toSorted((one, other) => one.ordinal - other.ordinal)
}
