/**
 * All-or-nothing writes over several items. A transaction that meets another write on one of its
 * items is cancelled whole and has changed nothing, so it is tried again; a failed condition is an
 * answer and never is.
 */
import { randomUUID } from 'node:crypto'
import { assert } from '../../protocol/assert.ts'
import { type Pauses, pauseMs, realPauses } from '../aws/pauses.ts'
import type { Item } from './client/attribute-values.ts'
import { cancellationReasons, isCrowdCode, isCrowdedOut } from './client/errors.ts'
import type { TransactItem } from './client/inputs.ts'
import type { Database } from './client.ts'

export type TransactOutcome =
  | { readonly kind: 'committed' }
  | {
      /** Nothing was written. */
      readonly kind: 'refused'
      /** Indexes of the items whose conditions failed. */
      readonly failed: readonly number[]
      /** By index, what stood there, for writes that ask for `ALL_OLD`. */
      readonly found: ReadonlyMap<number, Item>
      /** Another item was contended as well, so its condition is not judged. */
      readonly isPartial: boolean
    }

/** What DynamoDB takes in one transaction. */
const itemsMax = 100
const attemptsMax = 8

/** Throws when the items stay contended over eight attempts, and for every other fault. */
export async function transact(
  { client }: Pick<Database, 'client'>,
  items: readonly TransactItem[],
  pauses: Pauses = realPauses,
): Promise<TransactOutcome> {
  assert(items.length > 0 && items.length <= itemsMax, 'a transaction has 1 to 100 items', {
    count: items.length,
  })
  // One for all attempts: whichever arrives first, the others hear that it has happened.
  const ClientRequestToken = randomUUID()
  for (let attempt = 1; ; attempt += 1) {
    try {
      await client.transactWrite({ TransactItems: items, ClientRequestToken })
      return { kind: 'committed' }
    } catch (error) {
      const refused = refusalIn(error)
      if (refused) return refused
      if (attempt >= attemptsMax || !isCrowdedOut(error)) throw error
      await pauses.sleep(pauseMs(attempt, pauses.random))
    }
  }
}

function refusalIn(error: unknown): TransactOutcome | undefined {
  const rows = cancellationReasons(error).map((reason, index) => ({ ...reason, index }))
  const failed = rows.filter(({ code }) => code === 'ConditionalCheckFailed')
  if (failed.length === 0) return undefined
  return {
    kind: 'refused',
    failed: failed.map(({ index }) => index),
    isPartial: rows.some(({ code }) => isCrowdCode(code)),
    found: new Map(failed.flatMap(({ index, item }) => (item ? [[index, item] as const] : []))),
  }
}
