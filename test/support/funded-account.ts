/** A new account with money in it, through the ledger's own credit. */
import { makeAccountStore } from '../../src/adapters/dynamodb/account-store.ts'
import type { Database } from '../../src/adapters/dynamodb/client.ts'
import { makeJournalStore } from '../../src/adapters/dynamodb/journal-store.ts'
import { ids, nowMs, sleep } from '../../src/adapters/system.ts'
import { credit } from '../../src/ledger/credit.ts'

export async function fundedAccount(database: Database, amount: bigint): Promise<string> {
  const accountId = `acct_${ids.ulid(nowMs())}`
  const account = { accountId, name: 'Customer', smoke: false, createdAtMs: nowMs() }
  await makeAccountStore(database).createAccount(account)
  const deps = { journal: makeJournalStore(database), ids, nowMs, sleep }
  const order = { accountId, kind: 'top_up', amount, reference: `payment-${accountId}` } as const
  const credited = await credit(deps, { ...order, by: 'test' })
  if (credited.kind !== 'credited') throw new Error(`the credit was ${credited.kind}`)
  return accountId
}
