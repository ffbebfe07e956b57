/** A page of a partition of the Profiles table, newest sort key first. */
import * as z from 'zod'
import type { Page, Paged } from '../../ledger/ports.ts'
import type { Item } from './client/attribute-values.ts'
import type { Database } from './client.ts'

const WithSortKey = z.object({ sk: z.string() })

/** Cursors are what stands after the prefix in the sort key: ids, which sort from `first` to `~`. */
export async function newestFirst(
  { client, tables }: Database,
  at: { readonly pk: string; readonly prefix: string; readonly first?: string },
  { limit, after }: Page,
): Promise<Paged<Item>> {
  const { Items = [] } = await client.query({
    TableName: tables.profiles,
    KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
    ExpressionAttributeValues: {
      ':pk': at.pk,
      ':from': `${at.prefix}${at.first ?? ''}`,
      ':to': `${at.prefix}${after ?? '~'}`,
    },
    ScanIndexForward: false,
    ConsistentRead: true,
    // The cursor itself comes first and is dropped; the last one only tells that there is more.
    Limit: limit + 2,
  })
  const older = Items.filter((item) => idOf(item, at.prefix) !== after)
  const items = older.slice(0, limit)
  const last = items.at(-1)
  return { items, next: last && older.length > limit ? idOf(last, at.prefix) : undefined }
}

const idOf = (item: Item, prefix: string): string => WithSortKey.parse(item).sk.slice(prefix.length)
