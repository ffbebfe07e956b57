/** Wires what is started by changes in a table. It signs and verifies nothing, so it reads no secrets. */
import { makeAccountStore } from '../../src/adapters/dynamodb/account-store.ts'
import { makeReceiptStore } from '../../src/adapters/dynamodb/receipt-store.ts'
import { makeSpendStore } from '../../src/adapters/dynamodb/spend-store.ts'
import { decisionOfImage, type StreamEvent } from '../../src/adapters/dynamodb/stream-record.ts'
import { makeFreshCache } from '../../src/gateway/fresh-cache.ts'
import { type RecountOrder, recountAccount } from '../../src/spend/recount.ts'
import { type RollUpDeps, rollUp } from '../../src/spend/roll-up.ts'
import { readConfig } from '../environment.ts'
import { databaseOf, log, system } from './parts.ts'

/** A changed tag holds for receipts that are counted a minute later. */
const tagsFreshMs = 60_000

export async function composeRollUpSpend(env: Readonly<Record<string, string | undefined>>) {
  const database = await databaseOf(readConfig(env), 'roll-up-spend')
  const { readAccount } = makeAccountStore(database)
  const accounts = makeFreshCache(readAccount, { ...system, freshMs: tagsFreshMs })
  const deps: RollUpDeps = {
    ...system,
    store: makeSpendStore(database, system),
    tagsOf: async (accountId) => (await accounts(accountId))?.tags ?? {},
    onFailure: ({ place, error }) =>
      log('receipt_not_counted', {
        place,
        message: error instanceof Error ? error.message : 'fault',
      }),
  }
  const receipts = makeReceiptStore(database)
  return {
    /** Lambda takes the stream up again at the earliest of the failures. */
    consume: async ({ Records }: StreamEvent) => {
      const inserts = Records.filter(({ eventName }) => eventName === 'INSERT')
      const { failures, ...report } = await rollUp(
        deps,
        inserts.map(({ dynamodb }) => ({
          place: dynamodb.SequenceNumber,
          decidedAtMs: dynamodb.ApproximateCreationDateTime * 1000,
          read: () => decisionOfImage(dynamodb.NewImage),
        })),
      )
      log('spend_rolled_up', { ...report, failed: failures.length })
      return { batchItemFailures: failures.map((itemIdentifier) => ({ itemIdentifier })) }
    },
    recount: async (order: RecountOrder) => {
      const report = await recountAccount({ ...deps, receipts }, order)
      log('spend_recounted', { ...order, ...report })
      return report
    },
  }
}
