/**
 * The transactions that make, change, replace and revoke a customer's key. The version of the record is a
 * condition of each change, so that two at once cannot undo each other; where the first write of a
 * transaction is refused, the key is not what its caller read any more.
 */
import { type CustomerKey, changesLimits, hasLimits } from '../../keys/api-key.ts'
import { limits } from '../../protocol/limits.ts'
import type { TableNames } from '../../tables.ts'
import { accountKey } from './account-store.ts'
import type { Key, TransactItem } from './client/inputs.ts'
import {
  accountKeyKey,
  keyCounterKey,
  keyIdKey,
  toKeyItem,
  toReplacedItem,
} from './items/key-item.ts'
import { walletKey } from './items/wallet-item.ts'

export const creationIndex = { account: 0, room: 4 } as const

export function creation(tables: TableNames, key: CustomerKey): TransactItem[] {
  const { accountId, keyId, keyHash } = key
  return [
    {
      ConditionCheck: {
        TableName: tables.balances,
        Key: accountKey(accountId),
        ConditionExpression: 'attribute_exists(pk)',
      },
    },
    putNew(tables, toKeyItem(key)),
    putNew(tables, { ...keyIdKey(keyId), keyHash }),
    putNew(tables, { ...accountKeyKey(accountId, keyId), keyHash }),
    ...(hasLimits(key) ? [takeRoom(tables, accountId)] : []),
  ]
}

/**
 * Index 0 is the key as it was read. The wallet learns of other limits, so that the next reserve meets them;
 * a key that has none any more makes room for another.
 */
export function changing(
  tables: TableNames,
  { before, after }: { readonly before: CustomerKey; readonly after: CustomerKey },
): TransactItem[] {
  const { accountId, ordinal } = before
  const [had, has] = [hasLimits(before), hasLimits(after)]
  return [
    { Put: { TableName: tables.keys, Item: toKeyItem(after), ...unchanged(before) } },
    ...(changesLimits(before, after)
      ? [onWallet(tables, accountId, { name: `limits#${ordinal}`, value: after.version })]
      : []),
    ...(has && !had ? [takeRoom(tables, accountId)] : []),
    ...(had && !has ? [giveRoom(tables, accountId)] : []),
  ]
}

/** Index 0 is the key as it was read; the wallet learns which secrets pay no more. */
export function rotation(
  tables: TableNames,
  change: {
    readonly before: CustomerKey
    readonly after: CustomerKey
    readonly previousUntilMs: number
  },
): TransactItem[] {
  const { before, after } = change
  const { accountId, keyId, ordinal } = before
  const replaced = { replacedBy: after.keyHash, untilMs: change.previousUntilMs }
  const keepsPrevious = after.previousSecretUntilMs !== undefined
  return [
    {
      Put: { TableName: tables.keys, Item: toReplacedItem(before, replaced), ...unchanged(before) },
    },
    putNew(tables, toKeyItem(after)),
    repoint(tables, keyIdKey(keyId), after.keyHash),
    repoint(tables, accountKeyKey(accountId, keyId), after.keyHash),
    onWallet(tables, accountId, {
      name: `secret#${ordinal}`,
      value: keepsPrevious ? before.secret : after.secret,
    }),
  ]
}

/** The key's change and the wallet's mark together; a key with limits makes room for another. */
export function revocation(tables: TableNames, key: CustomerKey): TransactItem[] {
  const { accountId, ordinal } = key
  const revoked: CustomerKey = { ...key, status: 'revoked', version: key.version + 1 }
  return [
    { Put: { TableName: tables.keys, Item: toKeyItem(revoked), ...unchanged(key) } },
    onWallet(tables, accountId, { name: `revoked#${ordinal}`, value: true }),
    ...(hasLimits(key) ? [giveRoom(tables, accountId)] : []),
  ]
}

function unchanged({ version }: CustomerKey) {
  return {
    // Records from before there were versions have none.
    ConditionExpression:
      '#status = :active AND (version = :version OR (attribute_not_exists(version) AND :version = :none))',
    ExpressionAttributeNames: { '#status': 'status' },
    ExpressionAttributeValues: { ':active': 'active', ':version': version, ':none': 0 },
  }
}

const putNew = (tables: TableNames, Item: Record<string, unknown>): TransactItem => ({
  Put: { TableName: tables.keys, Item, ConditionExpression: 'attribute_not_exists(pk)' },
})

const repoint = (tables: TableNames, Key: Key, keyHash: string): TransactItem => ({
  Update: {
    TableName: tables.keys,
    Key,
    UpdateExpression: 'SET keyHash = :hash',
    ConditionExpression: 'attribute_exists(pk)',
    ExpressionAttributeValues: { ':hash': keyHash },
  },
})

const onWallet = (
  tables: TableNames,
  accountId: string,
  mark: { readonly name: string; readonly value: true | number },
): TransactItem => ({
  Update: {
    TableName: tables.balances,
    Key: walletKey(accountId),
    UpdateExpression: 'SET #mark = :mark',
    ConditionExpression: 'attribute_exists(pk)',
    ExpressionAttributeNames: { '#mark': mark.name },
    ExpressionAttributeValues: { ':mark': mark.value },
  },
})

const takeRoom = (tables: TableNames, accountId: string): TransactItem => ({
  Update: {
    TableName: tables.keys,
    Key: keyCounterKey(accountId),
    UpdateExpression: 'ADD cappedKeys :one',
    ConditionExpression: 'attribute_not_exists(cappedKeys) OR cappedKeys < :max',
    ExpressionAttributeValues: { ':one': 1, ':max': limits.keysWithLimitsPerWallet },
  },
})

const giveRoom = (tables: TableNames, accountId: string): TransactItem => ({
  Update: {
    TableName: tables.keys,
    Key: keyCounterKey(accountId),
    UpdateExpression: 'ADD cappedKeys :less',
    ExpressionAttributeValues: { ':less': -1 },
  },
})
