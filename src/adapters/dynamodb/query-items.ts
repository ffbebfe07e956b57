/** All items of a query, page by page, so that the caller decides how much of it is in memory. */
import { assert } from '../../protocol/assert.ts'
import type { Item } from './client/attribute-values.ts'
import type { QueryInput } from './client/inputs.ts'
import type { Database } from './client.ts'

/** Of 1 MB each: far above any partition of ours, and an end to a query that finds none. */
const pagesMax = 1_000

type ItemStream = AsyncGenerator<Item>

export async function* queryItems({ client }: Database, query: QueryInput): ItemStream {
  let ExclusiveStartKey: Item | undefined
  let pages = 0
  do {
    pages += 1
    assert(pages <= pagesMax, 'a query has at most 1000 pages', { table: query.TableName })
    const { Items = [], LastEvaluatedKey } = await client.query({ ...query, ExclusiveStartKey })
    yield* Items
    ExclusiveStartKey = LastEvaluatedKey
  } while (ExclusiveStartKey !== undefined)
}

/** The items of a partition whose sort key begins like this, as they are now. */
export function queryPrefix(
  database: Database,
  table: string,
  at: { readonly pk: string; readonly prefix: string },
): ItemStream {
  return queryItems(database, {
    TableName: table,
    KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
    ExpressionAttributeValues: { ':pk': at.pk, ':prefix': at.prefix },
    ConsistentRead: true,
  })
}
