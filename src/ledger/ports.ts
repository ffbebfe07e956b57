/**
 * What the ledger needs of a store. Every write is one item and idempotent by its condition. A write
 * that timed out is `unknown`, not failed: the caller repeats it under the same id and nonce, or
 * reads, and never assumes.
 */
import type { NanoUsd } from '../money/nano-usd.ts'
import type { StoredReceipt } from '../protocol/receipt.ts'
import type { CounterCharge } from './counters.ts'
import type { Hold, Wallet } from './wallet.ts'

export type Reservation = {
  readonly accountId: string
  readonly holdId: string
  readonly hold: Hold
  readonly keyOrdinal: number
  readonly charges: readonly CounterCharge[]
}

export type ReserveOutcome =
  | { readonly kind: 'held' }
  /** The condition failed; the wallet as it was then, undefined where there is none. */
  | { readonly kind: 'refused'; readonly wallet: Wallet | undefined }
  | { readonly kind: 'unknown' }

export type Settlement = {
  readonly accountId: string
  readonly holdId: string
  readonly hold: Hold
  readonly charge: NanoUsd
  /** Counters that get back the difference between hold and charge. */
  readonly spendCounters: readonly string[]
}

export type SettleOutcome =
  | { readonly kind: 'settled' }
  /** No such hold with this nonce: an earlier try, or whoever decided, has applied it. */
  | { readonly kind: 'applied_before' }
  | { readonly kind: 'unknown' }

/** How a hold ended. Written once, before any money moves; the receipt is its full record. */
export type Decision = {
  readonly accountId: string
  readonly holdId: string
  readonly charge: NanoUsd
  readonly receipt: StoredReceipt
}

export type DecideOutcome =
  | { readonly kind: 'decided' }
  | { readonly kind: 'decided_before'; readonly decision: Decision }
  | { readonly kind: 'unknown' }

export type HoldStore = {
  readonly reserve: (reservation: Reservation) => Promise<ReserveOutcome>
  readonly decide: (decision: Decision) => Promise<DecideOutcome>
  readonly settle: (settlement: Settlement) => Promise<SettleOutcome>
}

export type SweepStore = {
  readonly readWallet: (accountId: string) => Promise<Wallet | undefined>
  /** Accounts whose earliest hold expires in this minute; bounded page. */
  readonly accountsInBucket: (bucket: string, limit: number) => Promise<readonly string[]>
  /** False where `from` no longer holds. */
  readonly moveBucket: (move: {
    readonly accountId: string
    readonly from: string
    readonly to: string
  }) => Promise<boolean>
  /** Out of the index; false where `from` no longer holds or a hold is open. */
  readonly leaveBuckets: (leave: {
    readonly accountId: string
    readonly from: string
  }) => Promise<boolean>
  readonly dropCounters: (accountId: string, names: readonly string[]) => Promise<void>
  readonly readCursor: () => Promise<string | undefined>
  readonly writeCursor: (bucket: string) => Promise<void>
  /** The database's own clock, for judging ours; undefined where it tells none. */
  readonly serverTimeMs: () => Promise<number | undefined>
}

export type Credit = {
  readonly accountId: string
  readonly entryId: string
  readonly kind: 'top_up' | 'grant'
  readonly amount: NanoUsd
  /** The payment's or the operator's own id: the same one credits once. */
  readonly reference: string
  readonly atMs: number
}

export type CreditOutcome =
  | { readonly kind: 'credited' }
  | { readonly kind: 'credited_before'; readonly credit: Credit }
  | { readonly kind: 'no_account' }

export type Account = {
  readonly accountId: string
  readonly name: string
  readonly smoke: boolean
  readonly createdAtMs: number
}

export type AccountStore = {
  readonly createAccount: (account: Account) => Promise<void>
  readonly readAccount: (accountId: string) => Promise<Account | undefined>
  readonly listAccounts: (page: Page) => Promise<Paged<Account>>
  readonly credit: (credit: Credit) => Promise<CreditOutcome>
  readonly listCredits: (accountId: string, page: Page) => Promise<Paged<Credit>>
}

export type Page = { readonly limit: number; readonly after: string | undefined }
export type Paged<T> = { readonly items: readonly T[]; readonly next: string | undefined }
