/** What the sweeper reads and moves: due wallets through the sparse index, its cursor, the clock. */
import * as z from 'zod'
import type { SweepStore } from '../../ledger/ports.ts'
import type { Database } from './client.ts'
import { fromWalletItem, walletKey } from './items/wallet-item.ts'
import { updateIf } from './update-if.ts'

const cursorKey = { pk: 'sweeper', sk: 'cursor' }
const Cursor = z.object({ bucket: z.string() })
const IndexKey = z.object({ pk: z.string() })

export function makeSweepStore(database: Database): SweepStore {
  const { client, tables, serverTimeMs } = database
  const TableName = tables.balances

  const readCursor = async () => {
    const { Item } = await client.get({ TableName, Key: cursorKey })
    return Item && Cursor.parse(Item).bucket
  }

  const changeBucket = (
    change: { readonly accountId: string; readonly from: string },
    update: { readonly expression: string; readonly condition: string; readonly to?: string },
  ) =>
    updateIf(database, {
      TableName,
      Key: walletKey(change.accountId),
      UpdateExpression: update.expression,
      ConditionExpression: update.condition,
      ExpressionAttributeValues: {
        ':from': change.from,
        ...(update.to === undefined ? { ':none': 0 } : { ':to': update.to }),
      },
    })

  return {
    readWallet: async (accountId) => {
      const { Item } = await client.get({
        TableName,
        Key: walletKey(accountId),
        ConsistentRead: true,
      })
      return Item && fromWalletItem(Item)
    },
    accountsInBucket: async (bucket, limit) => {
      const { Items = [] } = await client.query({
        TableName,
        IndexName: 'bySweepBucket',
        KeyConditionExpression: 'sweepBucket = :bucket',
        ExpressionAttributeValues: { ':bucket': bucket },
        Limit: Math.max(1, limit),
      })
      return Items.map((item) => IndexKey.parse(item).pk)
    },
    moveBucket: ({ to, ...change }) =>
      changeBucket(change, {
        expression: 'SET sweepBucket = :to',
        condition: 'sweepBucket = :from',
        to,
      }),
    leaveBuckets: (change) =>
      changeBucket(change, {
        expression: 'REMOVE sweepBucket',
        condition: 'sweepBucket = :from AND size(holds) = :none',
      }),
    dropCounters: async ({ accountId, names, closedBefore }) => {
      const placeholders = names.map((name, index) => [`#c${index}`, name] as const)
      const dropped = placeholders.map(([placeholder]) => placeholder).join(', ')
      await updateIf(database, {
        TableName,
        Key: walletKey(accountId),
        UpdateExpression: `SET closedBefore = :before REMOVE ${dropped}`,
        ConditionExpression:
          'attribute_exists(pk) AND (attribute_not_exists(closedBefore) OR closedBefore <= :before)',
        ExpressionAttributeNames: Object.fromEntries(placeholders),
        ExpressionAttributeValues: { ':before': closedBefore },
      })
    },
    readCursor,
    writeCursor: async (bucket) => {
      await client.put({ TableName, Item: { ...cursorKey, bucket } })
    },
    serverTimeMs: async () => {
      // Only a reply of now judges our clock: it may have jumped since the last one.
      await readCursor()
      return serverTimeMs()
    },
  }
}
