/** The ledger's real adapters over fresh tables of an engine. */
import { makeAccountStore } from '../../src/adapters/dynamodb/account-store.ts'
import { makeDatabase } from '../../src/adapters/dynamodb/client.ts'
import { makeClosingStore } from '../../src/adapters/dynamodb/closing-store.ts'
import { createTables, localTableNames } from '../../src/adapters/dynamodb/create-tables.ts'
import { makeHoldStore } from '../../src/adapters/dynamodb/hold-store.ts'
import { walletKey } from '../../src/adapters/dynamodb/items/wallet-item.ts'
import { makeJournalStore } from '../../src/adapters/dynamodb/journal-store.ts'
import { makeReceiptStore } from '../../src/adapters/dynamodb/receipt-store.ts'
import { makeSweepStore } from '../../src/adapters/dynamodb/sweep-store.ts'
import type { OpenedLedger } from './ledger-contract.ts'

type Engine = { readonly endpoint: string; readonly stop: () => Promise<void> }

export async function openDatabaseLedger({ endpoint, stop }: Engine): Promise<OpenedLedger> {
  const tables = localTableNames(`contract-${crypto.randomUUID().slice(0, 8)}`)
  await createTables(endpoint, tables)
  const database = makeDatabase({ tables, endpoint })
  const mark = async (accountId: string, name: string, value: true | number): Promise<void> => {
    await database.client.update({
      TableName: tables.balances,
      Key: walletKey(accountId),
      UpdateExpression: 'SET #mark = :mark',
      ExpressionAttributeNames: { '#mark': name },
      ExpressionAttributeValues: { ':mark': value },
    })
  }
  return {
    holds: makeHoldStore(database),
    sweeps: makeSweepStore(database),
    accounts: makeAccountStore(database),
    journal: makeJournalStore(database),
    closing: makeClosingStore(database),
    receipts: makeReceiptStore(database),
    revokeKey: (accountId, keyOrdinal) => mark(accountId, `revoked#${keyOrdinal}`, true),
    markKey: (accountId, { keyOrdinal, name, value }) =>
      mark(accountId, `${name}#${keyOrdinal}`, value),
    close: stop,
  }
}
