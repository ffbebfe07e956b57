/** Everything that one sequence can have left in a ledger, read through its ports alone. */
import type { Page, Paged } from '../../src/ledger/ports.ts'
import { walk } from './pages.ts'
import { counts } from './random-calls.ts'
import type { Names } from './sequence-names.ts'
import type { LedgerUnderTest } from './world.ts'

export async function allOfLedger(ledger: LedgerUnderTest, names: Names) {
  const { sweeps, accounts, journal, closing, receipts } = ledger
  const accountIds = named(counts.accounts, names.account)
  const nodeIds = named(counts.nodes, names.node)
  const each = <T>(ids: readonly string[], read: (id: string) => Promise<T>) =>
    Promise.all(ids.map(read))
  const all = <T>(list: (page: Page) => Promise<Paged<T>>, after?: string) =>
    walk(list, { limit: 3, after })
  return {
    accounts: await each(accountIds, accounts.readAccount),
    wallets: await each(accountIds, sweeps.readWallet),
    books: await each(accountIds, closing.readBook),
    decisions: await each(accountIds, (accountId) =>
      closing.decisionsBetween({ accountId, after: undefined, before: '9', limit: 100 }),
    ),
    expired: await each(named(counts.holds, names.hold), receipts.findExpired),
    buckets: await each(named(counts.buckets, names.bucket), (bucket) =>
      sweeps.accountsInBucket(bucket, 100),
    ),
    entries: await each(named(counts.references, names.reference), journal.readEntry),
    adjustments: await each(named(counts.adjustments, names.adjustment), journal.readAdjustment),
    ofCustomers: await each(accountIds, (accountId) =>
      all((page) => journal.listEntries({ kind: 'customer', accountId }, page)),
    ),
    ofHosts: await each(nodeIds, (nodeId) =>
      all((page) => journal.listEntries({ kind: 'host', nodeId }, page)),
    ),
    earnings: await each(nodeIds, journal.readEarnings),
    payouts: await each(nodeIds, (nodeId) => all((page) => journal.listPayouts(nodeId, page))),
    lateClaims: await each(named(counts.tickets, names.ticket), journal.readLateClaim),
    escrowed: await each(nodeIds, (nodeId) => journal.listEscrowed(nodeId, 100)),
    earners: await all(journal.listEarners, names.node(0).slice(0, -1)),
    listed: await all(accounts.listAccounts, names.account(0).slice(0, -1)),
  }
}

const named = (count: number, name: (index: number) => string): string[] =>
  Array.from({ length: count }, (_, index) => name(index))
