/** The journal as it is read, and the requests for adjustments; all of it strongly consistent. */
import type { Entry } from '../../ledger/journal.ts'
import type { JournalStore, LateClaim } from '../../ledger/journal-ports.ts'
import { assert } from '../../protocol/assert.ts'
import { batchGet } from './batch-get.ts'
import type { Item } from './client/attribute-values.ts'
import { itemOfFailedCondition } from './client/errors.ts'
import type { Database } from './client.ts'
import { adjustmentKey, fromAdjustmentItem, toAdjustmentItem } from './items/adjustment-item.ts'
import { earners, earningsKey, fromEarningsItem, hostPartition } from './items/earnings-item.ts'
import {
  entryPrefix,
  fromEntryItem,
  ownerPartition,
  referenceKey,
  referenceOfItem,
} from './items/entry-item.ts'
import {
  fromLateClaimItem,
  fromTicketItem,
  lateClaimKey,
  lateClaimPrefix,
  ticketKey,
} from './items/late-claim-item.ts'
import { fromPayoutItem, payoutKey, payoutPrefix } from './items/payout-item.ts'
import { postEntry } from './post-entry.ts'
import { queryItems } from './query-items.ts'
import { queryNewest, querySortKeys } from './query-page.ts'

export function makeJournalStore(database: Database): JournalStore {
  const { client, tables } = database
  const TableName = tables.balances

  const read = async <T>(
    Key: { readonly pk: string; readonly sk: string },
    fromItem: (item: Item) => T,
  ): Promise<T | undefined> => {
    const { Item } = await client.get({ TableName, Key, ConsistentRead: true })
    return Item && fromItem(Item)
  }

  return {
    post: (posting) => postEntry(database, posting),
    readEntry: (reference) => read(referenceKey(reference), fromEntryItem),
    listEntries: async (of, page) => {
      const at = { pk: ownerPartition(of), prefix: entryPrefix }
      const { items, next } = await queryNewest(database, at, page)
      return { items: await wholeEntries(database, items), next }
    },
    readEarnings: (nodeId) => read(earningsKey(nodeId), fromEarningsItem),
    listEarners: (page) => querySortKeys(database, earners, page),
    readPayout: (nodeId, period) => read(payoutKey(nodeId, period), fromPayoutItem),
    listPayouts: async (nodeId, page) => {
      const at = { pk: hostPartition(nodeId), prefix: payoutPrefix }
      const { items, next } = await queryNewest(database, at, page)
      return { items: items.map(fromPayoutItem), next }
    },
    readLateClaim: async (ticketHash) => {
      const place = await read(ticketKey(ticketHash), fromTicketItem)
      return place && read(lateClaimKey({ ...place, ticketHash }), fromLateClaimItem)
    },
    listEscrowed: (nodeId, limit) => listEscrowed(database, nodeId, limit),
    requestAdjustment: async (adjustment) => {
      try {
        await client.put({
          TableName,
          Item: toAdjustmentItem(adjustment),
          ConditionExpression: 'attribute_not_exists(pk)',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        })
        return adjustment
      } catch (error) {
        const item = itemOfFailedCondition(error)
        if (!item) throw error
        return fromAdjustmentItem(item)
      }
    },
    readAdjustment: (reference) => read(adjustmentKey(reference), fromAdjustmentItem),
  }
}

/** Entries with many legs are fetched from under their references, all in one batch. */
async function wholeEntries(database: Database, items: readonly Item[]): Promise<Entry[]> {
  const references = items.flatMap((item) => referenceOfItem(item) ?? [])
  const keys = references.map(referenceKey)
  const found = await batchGet(database, {
    table: database.tables.balances,
    keys,
    consistent: true,
  })
  const entries = new Map(found.map(fromEntryItem).map((entry) => [entry.reference, entry]))
  return items.map((item) => {
    const reference = referenceOfItem(item)
    if (reference === undefined) return fromEntryItem(item)
    const entry = entries.get(reference)
    assert(entry !== undefined, 'a listed entry stands under its reference', { reference })
    return entry
  })
}

/** Reads past what was released; a node claims late a few times a day at most. */
async function listEscrowed(database: Database, nodeId: string, limit: number) {
  const escrowed: LateClaim[] = []
  const items = queryItems(database, {
    TableName: database.tables.balances,
    KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
    FilterExpression: '#state = :escrowed',
    ExpressionAttributeNames: { '#state': 'state' },
    ExpressionAttributeValues: {
      ':pk': hostPartition(nodeId),
      ':prefix': lateClaimPrefix,
      ':escrowed': 'escrowed',
    },
    ConsistentRead: true,
  })
  for await (const item of items) {
    if (escrowed.length >= limit) break
    escrowed.push(fromLateClaimItem(item))
  }
  return escrowed
}
