/**
 * The transaction that posts an entry, and what its refusal means. It is sent a single time: whoever
 * posts repeats it himself, and a repetition must meet the reference that the first try took.
 */
import type { Posting, PostOutcome } from '../../ledger/journal-ports.ts'
import { absurd, assert } from '../../protocol/assert.ts'
import { inSlices } from '../../protocol/in-slices.ts'
import { isFailedCondition, isUnknownOutcome } from './client/errors.ts'
import type { Database } from './client.ts'
import { newEarningsItem, toEarnerItem } from './items/earnings-item.ts'
import { fromEntryItem } from './items/entry-item.ts'
import { type PostingWrite, postingWrites } from './posting-writes.ts'
import { type TransactOutcome, transact } from './transact.ts'

export async function postEntry(database: Database, posting: Posting): Promise<PostOutcome> {
  const writes = postingWrites(database.tables.balances, posting)
  const tried = await tryOnce(database, writes)
  if (tried.kind !== 'new_earners') return tried
  const opened = await openEarnings(database, tried.nodeIds)
  if (opened.kind === 'unknown') return opened
  const again = await tryOnce(database, writes)
  assert(again.kind !== 'new_earners', 'earnings stay once they are there', tried)
  return again
}

type Tried =
  | PostOutcome
  /** Nothing stood against the posting, but these nodes have no earnings to add to. */
  | { readonly kind: 'new_earners'; readonly nodeIds: readonly string[] }

async function tryOnce({ once }: Database, writes: readonly PostingWrite[]): Promise<Tried> {
  const items = writes.map(({ write }) => write)
  const outcome = await transact({ client: once }, items).catch(unknownOrThrow)
  switch (outcome.kind) {
    case 'committed':
      return { kind: 'posted' }
    case 'refused':
      return refusalOf(outcome, writes)
    case 'unknown':
      return outcome
    default:
      return absurd(outcome)
  }
}

/** The reference tells first: who meets his own earlier try has posted, whatever else changed since. */
function refusalOf(
  { failed, found }: Extract<TransactOutcome, { kind: 'refused' }>,
  writes: readonly PostingWrite[],
): Tried {
  const failures = failed.flatMap((index) => {
    const failsFor = writes[index]?.failsFor
    return failsFor ? [{ ...failsFor, item: found.get(index) }] : []
  })
  const reference = failures.find(({ kind }) => kind === 'reference')
  if (reference) {
    assert(reference.item !== undefined, 'a taken reference shows what took it')
    return { kind: 'posted_before', entry: fromEntryItem(reference.item) }
  }
  const refused = failures.find((failure) => failure.kind === 'refused')
  if (refused) return { kind: 'refused', by: refused.by }
  const nodeIds = failures.flatMap((one) => (one.kind === 'new_earner' ? [one.nodeId] : []))
  assert(nodeIds.length > 0, 'only writes with a condition can fail', { failed })
  return { kind: 'new_earners', nodeIds }
}

/** Listed first, so that no node can have earnings without being found. */
async function openEarnings({ client, tables }: Database, nodeIds: readonly string[]) {
  const TableName = tables.balances
  const open = async (nodeId: string) => {
    await client.put({ TableName, Item: toEarnerItem(nodeId) })
    const ConditionExpression = 'attribute_not_exists(pk)'
    const Item = newEarningsItem(nodeId)
    try {
      await client.put({ TableName, Item, ConditionExpression })
    } catch (error) {
      // Another posting was faster.
      if (!isFailedCondition(error)) throw error
    }
  }
  return inSlices(nodeIds, open).then(() => ({ kind: 'opened' }) as const, unknownOrThrow)
}

function unknownOrThrow(error: unknown): { readonly kind: 'unknown' } {
  if (isUnknownOutcome(error)) return { kind: 'unknown' }
  throw error
}
