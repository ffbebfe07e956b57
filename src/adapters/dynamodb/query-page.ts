/** One page of a partition, continued from the last item of the page before. */
import * as z from 'zod'
import type { Page, Paged } from '../../ledger/ports.ts'
import type { Item } from './client/attribute-values.ts'
import type { Database } from './client.ts'

const WithSortKey = z.object({ sk: z.string() })

/** Newest first. Cursors are what stands after the prefix in the sort key: ids and dates. */
export async function queryNewest(
  { client, tables }: Database,
  at: { readonly pk: string; readonly prefix: string },
  { limit, after }: Page,
): Promise<Paged<Item>> {
  const cursor = after === undefined ? undefined : `${at.prefix}${after}`
  const { Items = [], LastEvaluatedKey } = await client.query({
    TableName: tables.balances,
    KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
    ExpressionAttributeValues: {
      ':pk': at.pk,
      ':from': at.prefix,
      // Includes the cursor itself, which is dropped below; `~` sorts after ids and dates.
      ':to': cursor ?? `${at.prefix}~`,
    },
    ScanIndexForward: false,
    ConsistentRead: true,
    Limit: limit + 2,
  })
  const older = Items.filter((item) => sortKeyOf(item) !== cursor)
  const items = older.slice(0, limit)
  const last = items.at(-1)
  const hasMore = older.length > limit || LastEvaluatedKey !== undefined
  return { items, next: last && hasMore ? sortKeyOf(last).slice(at.prefix.length) : undefined }
}

/** Sort keys alone, ascending: a listing of ids. */
export async function querySortKeys(
  { client, tables }: Database,
  pk: string,
  { limit, after }: Page,
): Promise<Paged<string>> {
  const { Items = [], LastEvaluatedKey } = await client.query({
    TableName: tables.balances,
    KeyConditionExpression: after === undefined ? 'pk = :pk' : 'pk = :pk AND sk > :after',
    ExpressionAttributeValues: { ':pk': pk, ...(after === undefined ? {} : { ':after': after }) },
    ConsistentRead: true,
    Limit: limit,
  })
  const items = Items.map(sortKeyOf)
  return { items, next: LastEvaluatedKey ? items.at(-1) : undefined }
}

const sortKeyOf = (item: Item): string => WithSortKey.parse(item).sk
