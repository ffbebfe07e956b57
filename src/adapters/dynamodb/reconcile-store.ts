/**
 * The records of the ledger as the reconciler reads them: each one by itself, so that one that is
 * broken hides no other. A fault of the database is an error; a fault of a record is an answer.
 */
import * as z from 'zod'
import type { Reading, ReconcileStore } from '../../ledger/reconcile/ports.ts'
import { InvariantError } from '../../protocol/assert.ts'
import { batchGet, keysPerBatchMax } from './batch-get.ts'
import type { Item } from './client/attribute-values.ts'
import type { Database } from './client.ts'
import { bookKey, fromBookItem } from './items/book-item.ts'
import { earningsKey, fromEarningsItem } from './items/earnings-item.ts'
import {
  entryPrefix,
  fromEntryItem,
  ownerPartition,
  referenceKey,
  referenceOfItem,
} from './items/entry-item.ts'
import { fromReceiptItem, receiptKey } from './items/receipt-item.ts'
import { fromWalletItem, walletKey } from './items/wallet-item.ts'
import { queryItems } from './query-items.ts'

type Key = { readonly pk: string; readonly sk: string }

export function makeReconcileStore(database: Database): ReconcileStore {
  const { tables } = database
  const read = async <T>(TableName: string, key: Key, fromItem: (item: Item) => T) => {
    const { Item } = await database.client.get({ TableName, Key: key, ConsistentRead: true })
    return Item && toReading(key.sk, () => fromItem(Item))
  }
  return {
    readWallet: (accountId) => read(tables.balances, walletKey(accountId), fromWalletItem),
    readBook: (accountId) => read(tables.balances, bookKey(accountId), fromBookItem),
    readEarnings: (nodeId) => read(tables.balances, earningsKey(nodeId), fromEarningsItem),
    readDecision: (accountId, holdId) =>
      read(tables.receipts, receiptKey(accountId, holdId), fromReceiptItem),
    decisionsBetween: async ({ accountId, ...range }) => {
      const at = { table: tables.receipts, pk: accountId, prefix: '', ...range }
      const items = await itemsBetween(database, at)
      return items.map((item) => toReading(sortKeyOf(item), () => fromReceiptItem(item)))
    },
    entriesBetween: async ({ of, ...range }) => {
      const pk = ownerPartition(of)
      const at = { table: tables.balances, pk, prefix: entryPrefix, ...range }
      const items = await itemsBetween(database, at)
      const whole = await referencedEntries(database, items)
      return items.map((item) => {
        const id = sortKeyOf(item).slice(entryPrefix.length)
        return toReading(id, () => {
          const reference = referenceOfItem(item)
          const entry = reference === undefined ? item : whole.get(referenceKey(reference).pk)
          if (!entry) throw new InvariantError('S5 an entry stands under its reference', { id })
          return fromEntryItem(entry)
        })
      })
    },
  }
}

/** What was written by this code is read by it; whatever fails in between is the record's fault. */
function toReading<T>(id: string, parse: () => T): Reading<T> {
  try {
    return { kind: 'read', id, value: parse() }
  } catch (error) {
    const invariant = error instanceof InvariantError ? error.invariant : 'record as it was written'
    const detail = error instanceof Error ? error.message : 'not readable'
    return { kind: 'broken', id, invariant, detail: detail.slice(0, detailCharsMax) }
  }
}

const detailCharsMax = 500

/** Ascending, both bounds exclusive. */
async function itemsBetween(
  database: Database,
  range: {
    readonly table: string
    readonly pk: string
    readonly prefix: string
    readonly after: string
    readonly before: string | undefined
    readonly limit: number
  },
): Promise<Item[]> {
  const after = `${range.prefix}${range.after || lowest}`
  const before = `${range.prefix}${range.before ?? highest}`
  const found: Item[] = []
  if (after >= before || range.limit < 1) return found
  const items = queryItems(database, {
    TableName: range.table,
    // Includes both bounds, which are dropped below.
    KeyConditionExpression: 'pk = :pk AND sk BETWEEN :after AND :before',
    ExpressionAttributeValues: { ':pk': range.pk, ':after': after, ':before': before },
    ConsistentRead: true,
    Limit: Math.min(range.limit, itemsPerQuery) + 2,
  })
  for await (const item of items) {
    const key = sortKeyOf(item)
    if (key > after && key < before) found.push(item)
    if (found.length >= range.limit) break
  }
  return found
}

/** Around all ids, which begin with the ten digits of their time. */
const lowest = '0'
const highest = '~'
const itemsPerQuery = 1_000

/** Entries with many legs stand under their reference alone. By partition key. */
async function referencedEntries(
  database: Database,
  items: readonly Item[],
): Promise<ReadonlyMap<string, Item>> {
  const references = items.flatMap((item) => {
    const reading = toReading('', () => referenceOfItem(item))
    return reading.kind === 'read' && reading.value !== undefined ? [reading.value] : []
  })
  const keys = [...new Set(references)].map(referenceKey)
  const found = new Map<string, Item>()
  for (let from = 0; from < keys.length; from += keysPerBatchMax) {
    const batch = keys.slice(from, from + keysPerBatchMax)
    const read = { table: database.tables.balances, keys: batch, consistent: true }
    for (const item of await batchGet(database, read)) found.set(keyOf(item).pk, item)
  }
  return found
}

const ItemKey = z.object({ pk: z.string(), sk: z.string() })
const keyOf = (item: Item): Key => ItemKey.parse(item)
const sortKeyOf = (item: Item): string => keyOf(item).sk
