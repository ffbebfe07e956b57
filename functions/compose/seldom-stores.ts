/** Stores that few requests read: whose bills, receipts, accounts and wallets somebody asks for. */
import { makeAccountStore } from '../../src/adapters/dynamodb/account-store.ts'
import type { Database } from '../../src/adapters/dynamodb/client.ts'
import { makeJournalStore } from '../../src/adapters/dynamodb/journal-store.ts'
import { makeReceiptStore } from '../../src/adapters/dynamodb/receipt-store.ts'
import { makeSweepStore } from '../../src/adapters/dynamodb/sweep-store.ts'

export const seldomStores = (database: Database) => ({
  accounts: makeAccountStore(database),
  journal: makeJournalStore(database),
  receipts: makeReceiptStore(database),
  wallets: makeSweepStore(database),
})
