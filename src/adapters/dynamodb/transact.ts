/**
 * All-or-nothing writes over several items. A transaction that meets another write on one of its
 * items is cancelled whole and has changed nothing, so it is tried again; a failed condition is an
 * answer and never is.
 */
import { setTimeout as sleepFor } from 'node:timers/promises'
import { TransactionCanceledException } from '@aws-sdk/client-dynamodb'
import { TransactWriteCommand, type TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb'
import { assert } from '../../protocol/assert.ts'
import type { Random, Sleep } from '../../protocol/clock.ts'
import type { Database } from './client.ts'

export type TransactItem = NonNullable<TransactWriteCommandInput['TransactItems']>[number]

export type TransactOutcome =
  | { readonly kind: 'committed' }
  /** Indexes of the items whose conditions failed; nothing was written. */
  | { readonly kind: 'refused'; readonly failed: readonly number[] }

export type Pauses = { readonly sleep: Sleep; readonly random: Random }

/** What DynamoDB takes in one transaction. */
const itemsMax = 100
const attemptsMax = 8
const firstPauseMs = 10
const pauseMsMax = 500

export const realPauses: Pauses = {
  sleep: (durationMs) => sleepFor(durationMs),
  random: Math.random,
}

/** Throws when the items stay contended over eight attempts, and for every other fault. */
export async function transact(
  { client }: Database,
  items: readonly TransactItem[],
  pauses: Pauses = realPauses,
): Promise<TransactOutcome> {
  assert(items.length > 0 && items.length <= itemsMax, 'a transaction has 1 to 100 items', {
    count: items.length,
  })
  for (let attempt = 1; ; attempt += 1) {
    try {
      await client.send(new TransactWriteCommand({ TransactItems: [...items] }))
      return { kind: 'committed' }
    } catch (error) {
      const codes = cancellationCodes(error)
      const failed = codes.flatMap((code, index) =>
        code === 'ConditionalCheckFailed' ? [index] : [],
      )
      if (failed.length > 0) return { kind: 'refused', failed }
      if (attempt >= attemptsMax || !isConflictAlone(codes)) throw error
      await pauses.sleep(pauseMs(attempt, pauses.random))
    }
  }
}

/** Full jitter under a doubling, capped ceiling: writers that collided once spread out. */
export function pauseMs(attempt: number, random: Random): number {
  return Math.ceil(random() * Math.min(pauseMsMax, firstPauseMs * 2 ** attempt))
}

function cancellationCodes(error: unknown): readonly string[] {
  if (!(error instanceof TransactionCanceledException)) return []
  return (error.CancellationReasons ?? []).map(({ Code }) => Code ?? 'None')
}

function isConflictAlone(codes: readonly string[]): boolean {
  const reasons = codes.filter((code) => code !== 'None')
  return reasons.length > 0 && reasons.every((code) => code === 'TransactionConflict')
}
