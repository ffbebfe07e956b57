/** Receipts as they are looked up: by hash, by expired hold, and by account in order of time. */
import * as z from 'zod'
import type { Decision, Page, Paged } from '../../ledger/ports.ts'
import type { ReceiptStore, UnreadReceipt } from '../../receipts/ports.ts'
import type { Database } from './client.ts'
import { fromReceiptItem, receiptKey } from './items/receipt-item.ts'

const ItemKey = z.object({ pk: z.string(), sk: z.string() })

/** The decision of a hold as it is now. */
export async function readDecision(
  { client, tables }: Database,
  accountId: string,
  holdId: string,
): Promise<Decision | undefined> {
  const { Item } = await client.get({
    TableName: tables.receipts,
    Key: receiptKey(accountId, holdId),
    ConsistentRead: true,
  })
  return Item && fromReceiptItem(Item)
}

export function makeReceiptStore(database: Database): ReceiptStore {
  const { client, tables } = database
  const TableName = tables.receipts
  const readReceipt = (accountId: string, holdId: string) =>
    readDecision(database, accountId, holdId)

  const findThrough = async (index: string, attribute: string, value: string) => {
    const { Items = [] } = await client.query({
      TableName,
      IndexName: index,
      KeyConditionExpression: '#name = :value',
      ExpressionAttributeNames: { '#name': attribute },
      ExpressionAttributeValues: { ':value': value },
      Limit: 1,
    })
    const keys = ItemKey.safeParse(Items[0])
    return keys.success ? readReceipt(keys.data.pk, keys.data.sk) : undefined
  }

  const listUnread = async (accountId: string, page: Page): Promise<Paged<UnreadReceipt>> => {
    const { Items = [], LastEvaluatedKey } = await client.query({
      TableName,
      KeyConditionExpression: page.after ? 'pk = :pk AND sk < :after' : 'pk = :pk',
      ExpressionAttributeValues: {
        ':pk': accountId,
        ...(page.after ? { ':after': page.after } : {}),
      },
      ScanIndexForward: false,
      Limit: page.limit,
    })
    const items = Items.map((item) => ({
      holdId: ItemKey.parse(item).sk,
      read: () => fromReceiptItem(item),
    }))
    return { items, next: LastEvaluatedKey ? items.at(-1)?.holdId : undefined }
  }

  return {
    readReceipt,
    findByHash: async (hash) =>
      (await findThrough('byReceiptHash', 'receiptHash', hash)) ??
      (await findThrough('byNodeReceiptHash', 'nodeReceiptHash', hash)),
    findExpired: (holdId) => findThrough('byExpiredHold', 'expiredHold', holdId),
    listReceipts: async (accountId, page) => {
      const { items, next } = await listUnread(accountId, page)
      return { items: items.map(({ read }) => read()), next }
    },
    listUnread,
    listSince: async (accountId, { sinceId, limit }) => {
      const { Items = [] } = await client.query({
        TableName,
        KeyConditionExpression: 'pk = :pk AND sk >= :since',
        ExpressionAttributeValues: { ':pk': accountId, ':since': sinceId },
        ConsistentRead: true,
        ScanIndexForward: false,
        Limit: limit,
      })
      return Items.map(fromReceiptItem)
    },
  }
}
