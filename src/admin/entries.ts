/** The journal as operators read it: every entry with all its legs. Charges are receipts. */
import type * as z from 'zod'
import { isoTime } from '../http/iso-time.ts'
import { accountName, type Entry } from '../ledger/journal.ts'
import type { JournalStore } from '../ledger/journal-ports.ts'
import type { AccountStore } from '../ledger/ports.ts'
import { formatUsd } from '../money/nano-usd.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import type { AccountQuery } from './accounts.ts'
import { toList } from './page.ts'

export type EntryDeps = {
  readonly journal: Pick<JournalStore, 'listEntries'>
  readonly accounts: Pick<AccountStore, 'readAccount'>
}

/** Newest first; the cursor is an entry id. */
export async function listEntries(
  { journal, accounts }: EntryDeps,
  accountId: string,
  { limit, after }: z.infer<typeof AccountQuery>,
): Promise<Result<object>> {
  const [account, page] = await Promise.all([
    accounts.readAccount(accountId),
    journal.listEntries({ kind: 'customer', accountId }, { limit, after }),
  ])
  return account ? ok(toList(page, toWireEntry)) : refuse('account_not_found')
}

export function toWireEntry({ entryId, kind, legs, reference, atMs, by, about }: Entry) {
  return {
    object: 'entry',
    id: entryId,
    kind,
    reference,
    by,
    about,
    created_at: isoTime(atMs),
    legs: legs.map(({ account, amount }) => ({
      account: accountName(account),
      amount_usd: formatUsd(amount),
    })),
  }
}
