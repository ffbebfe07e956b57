/** The journal over a real database, with customers who have money and nodes that have earnings. */
import { makeAccountStore } from '../../../src/adapters/dynamodb/account-store.ts'
import { makeDatabase } from '../../../src/adapters/dynamodb/client.ts'
import { makeClosingStore } from '../../../src/adapters/dynamodb/closing-store.ts'
import { makeHoldStore } from '../../../src/adapters/dynamodb/hold-store.ts'
import { makeJournalStore } from '../../../src/adapters/dynamodb/journal-store.ts'
import { makeSweepStore } from '../../../src/adapters/dynamodb/sweep-store.ts'
import { ids } from '../../../src/adapters/system.ts'
import type { JournalStore } from '../../../src/ledger/journal-ports.ts'
import type { EmbeddedDynamodb } from '../../support/embedded-dynamodb.ts'
import { anAccountId, nowMs } from './facts.ts'
import { accrual, aNodeId, everything, posting, topUp } from './journal-facts.ts'

export type OpenJournal = ReturnType<typeof openJournal>

export function openJournal(engine: EmbeddedDynamodb) {
  const journal = makeJournalStore(engine)
  const accounts = makeAccountStore(engine)
  const { readWallet } = makeSweepStore(engine)
  return {
    journal,
    /** What the ledger's own posting needs besides the journal; it does not wait. */
    posting: { ids, nowMs: () => nowMs, sleep: async () => undefined },
    /** Other processes, each with a client of its own. */
    processes: (count: number): JournalStore[] =>
      Array.from({ length: count }, () =>
        makeJournalStore(makeDatabase({ tables: engine.tables, endpoint: engine.endpoint })),
      ),
    entriesOf: async (accountId: string) =>
      (await journal.listEntries({ kind: 'customer', accountId }, everything)).items,
    entriesOfNode: async (nodeId: string) =>
      (await journal.listEntries({ kind: 'host', nodeId }, everything)).items,
    closing: makeClosingStore(engine),
    holds: makeHoldStore(engine),
    readWallet,
    /** The id of a new account that was paid so much. */
    customerWith: async (amount: bigint): Promise<string> => {
      const accountId = anAccountId()
      const account = { accountId, name: 'Customer', smoke: false, createdAtMs: nowMs }
      await accounts.createAccount(account)
      if (amount > 0n) await journal.post(posting(topUp(accountId, amount)))
      return accountId
    },
    /** The id of a new node to which so much is payable. */
    nodeWith: async (amount: bigint): Promise<string> => {
      const nodeId = aNodeId()
      await journal.post(posting(accrual([nodeId, amount])))
      return nodeId
    },
    /** Changes the wallet behind the ledger's back. */
    alterWallet: async (accountId: string, name: string, value: bigint): Promise<void> => {
      await engine.client.update({
        TableName: engine.tables.balances,
        Key: { pk: accountId, sk: 'wallet#0' },
        UpdateExpression: 'SET #name = :value',
        ExpressionAttributeNames: { '#name': name },
        ExpressionAttributeValues: { ':value': value },
      })
    },
    /** `available funded granted`. */
    money: async (accountId: string) => {
      const wallet = await readWallet(accountId)
      return wallet && [wallet.available, wallet.funded, wallet.granted].join(' ')
    },
  }
}
