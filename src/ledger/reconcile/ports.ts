/**
 * What the reconciler reads and tells. It judges what other code refuses to act upon, so a record that
 * cannot be read is an answer here and not an error. All reads are strongly consistent.
 */
import type { Earnings } from '../earnings.ts'
import type { Entry } from '../journal.ts'
import type { Book, JournalOwner } from '../journal-ports.ts'
import type { Decision } from '../ports.ts'
import type { Wallet } from '../wallet.ts'

export type Reading<T> =
  | { readonly kind: 'read'; readonly id: string; readonly value: T }
  /** It breaks an invariant that is asserted on reading, or has not the shape that was written. */
  | {
      readonly kind: 'broken'
      readonly id: string
      readonly invariant: string
      readonly detail: string
    }

export type ReconcileStore = {
  readonly readWallet: (accountId: string) => Promise<Reading<Wallet> | undefined>
  readonly readBook: (accountId: string) => Promise<Reading<Book> | undefined>
  readonly readEarnings: (nodeId: string) => Promise<Reading<Earnings> | undefined>
  readonly readDecision: (
    accountId: string,
    holdId: string,
  ) => Promise<Reading<Decision> | undefined>
  /** Ascending by hold id; fewer than `limit` only where there are no more. */
  readonly decisionsBetween: (
    range: Range & { readonly accountId: string },
  ) => Promise<readonly Reading<Decision>[]>
  /** Ascending by entry id; fewer than `limit` only where there are no more. */
  readonly entriesBetween: (
    range: Range & { readonly of: JournalOwner },
  ) => Promise<readonly Reading<Entry>[]>
}

/** Of ids, both bounds exclusive; from the first on where `after` is empty. */
export type Range = {
  readonly after: string
  readonly before: string | undefined
  readonly limit: number
}

/** Something in the books that no run of this code can have led to. */
export type Discrepancy = {
  /** Hold or entry id; null where sums differ and no single record is to blame. */
  readonly recordId: string | null
  /** `S7 spent is the sum of applied charges`: the ledger's promise that does not hold. */
  readonly invariant: string
  readonly detail: string
}

export type DiscrepancyOf = Discrepancy &
  ({ readonly accountId: string } | { readonly nodeId: string })

/** Bounds how much one run, or one visit to an account, reads. */
export type Budget = {
  readonly take: (records: number) => void
  readonly isSpent: () => boolean
}

/** What a run tells those who watch. */
export type ReconcileMetrics = {
  readonly publish: (counts: { readonly discrepancies: number; readonly accounts: number }) => void
}

/** What is wrong with a record that could not be read. */
export function discrepancyOf({
  id,
  invariant,
  detail,
}: Extract<Reading<unknown>, { kind: 'broken' }>): Discrepancy {
  return { recordId: id, invariant, detail }
}
