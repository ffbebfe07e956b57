/** Writes of the sums of spend. */
import type { Database } from '../../src/adapters/dynamodb/client.ts'
import { makeSpendStore } from '../../src/adapters/dynamodb/spend-store.ts'
import type { SpendBatch } from '../../src/spend/ports.ts'
import { noSpend } from '../../src/spend/spend.ts'
import { nowMs } from '../adapters/dynamodb/facts.ts'
import type { WriteCase } from './write-case.ts'

const batch: SpendBatch = {
  holds: ['1', '2'].map((holdId) => ({ holdId, expiresAtSec: 2_000_000_000 })),
  rows: ['maker/one', 'maker/two'].map((value) => ({
    dimension: 'model',
    value,
    day: '2026-11-21',
    spend: { ...noSpend, requests: 1n, charge: 10n ** 20n },
    newestMs: nowMs,
  })),
}
const storeOver = (database: Database) => makeSpendStore(database, { random: () => 0 })
const write = (database: Database) => storeOver(database).countSpend(batch)

const countCase = (as: string, given: NonNullable<WriteCase['given']>): WriteCase => ({
  file: 'spend-store',
  method: 'countSpend',
  as,
  given,
  write,
})

export const spendCases: readonly WriteCase[] = [
  countCase('the first of the day', async () => undefined),
  countCase('onto what was counted before', (database) =>
    storeOver(database).countSpend({ ...batch, holds: [{ holdId: '3', expiresAtSec: 1 }] }),
  ),
  countCase('with a hold that was counted before', (database) =>
    storeOver(database).countSpend({ ...batch, holds: batch.holds.slice(1) }),
  ),
]
