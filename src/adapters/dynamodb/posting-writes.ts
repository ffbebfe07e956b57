/**
 * A posting as the writes of one transaction. Each knows what it means that its condition failed;
 * where several fail, the first in this order tells.
 */
import { earningsDelta, nodesIn } from '../../ledger/earnings.ts'
import { type Entry, netOf } from '../../ledger/journal.ts'
import type { Posting, PostOutcome } from '../../ledger/journal-ports.ts'
import { assert } from '../../protocol/assert.ts'
import type { TransactItem } from './client/inputs.ts'
import { guardWrites } from './guard-writes.ts'
import { earningsUpdate } from './items/earnings-item.ts'
import { toOwnerItems, toReferenceItem } from './items/entry-item.ts'
import { walletKey } from './items/wallet-item.ts'

/** What one transaction takes. */
const writesMax = 100

export type PostingWrite = {
  readonly write: TransactItem
  /** What its condition fails for; undefined where it has none. */
  readonly failsFor?:
    | { readonly kind: 'reference' }
    /** This node takes nothing and gives nothing back: its earnings are only not there yet. */
    | { readonly kind: 'new_earner'; readonly nodeId: string }
    | { readonly kind: 'refused'; readonly by: RefusedBy }
}

type RefusedBy = Extract<PostOutcome, { kind: 'refused' }>['by']

export function postingWrites(TableName: string, { entry, guards }: Posting): PostingWrite[] {
  const writes: PostingWrite[] = [
    {
      write: {
        Put: {
          TableName,
          Item: toReferenceItem(entry),
          ConditionExpression: 'attribute_not_exists(pk)',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        },
      },
      failsFor: { kind: 'reference' },
    },
    ...customersIn(entry).map((accountId) => walletWrite(TableName, entry, accountId)),
    ...nodesIn(entry.legs).flatMap((nodeId) => earningsWrites(TableName, entry, nodeId)),
    ...guards.flatMap((guard) =>
      guardWrites(TableName, guard).map((write) => ({
        write,
        failsFor: { kind: 'refused', by: guard } as const,
      })),
    ),
    ...toOwnerItems(entry).map((Item) => ({ write: { Put: { TableName, Item } } })),
  ]
  const { length } = writes
  assert(length <= writesMax, 'a posting fits one transaction', { id: entry.entryId, length })
  return writes
}

function customersIn({ legs }: Entry): string[] {
  const owners = legs.flatMap(({ account }) => (account.kind === 'customer' ? account.owner : []))
  return [...new Set(owners)]
}

function walletWrite(TableName: string, entry: Entry, accountId: string): PostingWrite {
  const gain = netOf(entry.legs, 'customer', accountId)
  const changes = ['available = available + :gain', 'funded = funded + :gain']
  // Wallets from before grants were told apart have no such attribute.
  if (entry.kind === 'grant') changes.push('granted = if_not_exists(granted, :zero) + :gain')
  return {
    write: {
      Update: {
        TableName,
        Key: walletKey(accountId),
        UpdateExpression: `SET ${changes.join(', ')}`,
        ConditionExpression: gain < 0n ? 'available >= :taken' : 'attribute_exists(pk)',
        ExpressionAttributeValues: {
          ':gain': gain,
          ...(entry.kind === 'grant' ? { ':zero': 0n } : {}),
          ...(gain < 0n ? { ':taken': -gain } : {}),
        },
      },
    },
    failsFor: { kind: 'refused', by: 'wallet' },
  }
}

/** None where the legs leave a node as it was: its part of a small refund rounds down to nothing. */
function earningsWrites(TableName: string, entry: Entry, nodeId: string): PostingWrite[] {
  const delta = earningsDelta(entry, nodeId)
  const amounts = Object.values(delta)
  if (amounts.every((amount) => amount === 0n)) return []
  return [
    {
      write: { Update: { TableName, ...earningsUpdate(nodeId, delta) } },
      failsFor: amounts.some((amount) => amount < 0n)
        ? { kind: 'refused', by: 'earnings' }
        : { kind: 'new_earner', nodeId },
    },
  ]
}
