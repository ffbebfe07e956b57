/**
 * Many items by key in one round trip. The database may answer a part of a batch and leave the rest
 * to be asked for again; that is done here, a bounded number of times.
 */
import { assert } from '../../protocol/assert.ts'
import { type Pauses, pauseMs, realPauses } from '../aws/pauses.ts'
import type { Item } from './client/attribute-values.ts'
import type { Key } from './client/inputs.ts'
import type { Database } from './client.ts'

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
  let left: readonly Item[] = keys
  for (let attempt = 1; left.length > 0; attempt += 1) {
    if (attempt > attemptsMax) throw new Error('DynamoDB left keys of a batch unread four times.')
    if (attempt > 1) await pauses.sleep(pauseMs(attempt, pauses.random))
    const { Responses, UnprocessedKeys } = await client.batchGet({
      RequestItems: { [table]: { Keys: left, ConsistentRead: consistent } },
    })
    found.push(...(Responses?.[table] ?? []))
    left = UnprocessedKeys?.[table] ?? []
  }
  return found
}
