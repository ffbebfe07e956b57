/**
 * Many items by key in one round trip. The database may answer a part of a batch and leave the rest
 * to be asked for again; that is done here, a bounded number of times.
 */
import { BatchGetCommand } from '@aws-sdk/lib-dynamodb'
import { assert } from '../../protocol/assert.ts'
import type { Database } from './client.ts'
import { type Pauses, pauseMs, realPauses } from './transact.ts'

type Item = Readonly<Record<string, unknown>>
type Key = { readonly pk: string; readonly sk: string }

/** What DynamoDB takes in one batch of reads. */
export const keysPerBatchMax = 100
const attemptsMax = 4

/** The items that exist, in no order. Keys must differ from each other. */
export async function batchGet(
  { client }: Database,
  batch: { readonly table: string; readonly keys: readonly Key[]; readonly consistent: boolean },
  pauses: Pauses = realPauses,
): Promise<readonly Item[]> {
  const { table, keys, consistent } = batch
  assert(keys.length <= keysPerBatchMax, 'a batch reads at most 100 items', { count: keys.length })
  const found: Item[] = []
  let left: Record<string, unknown>[] = keys.map((key) => ({ ...key }))
  for (let attempt = 1; left.length > 0; attempt += 1) {
    if (attempt > attemptsMax) throw new Error('DynamoDB left keys of a batch unread four times.')
    if (attempt > 1) await pauses.sleep(pauseMs(attempt, pauses.random))
    const { Responses, UnprocessedKeys } = await client.send(
      new BatchGetCommand({
        RequestItems: { [table]: { Keys: left, ConsistentRead: consistent } },
      }),
    )
    found.push(...(Responses?.[table] ?? []))
    left = UnprocessedKeys?.[table]?.Keys ?? []
  }
  return found
}
