/**
 * What taking and ending holds needs of a store. Every write is idempotent by its condition. A write
 * that timed out is `unknown`, not failed: the caller repeats it, or reads, and never assumes.
 */
import type { NanoUsd } from '../money/nano-usd.ts'
import type { AccountTags } from '../protocol/account.ts'
import type { StoredReceipt } from '../protocol/receipt.ts'
import type { CounterCharge, CounterReturn } from './counters.ts'
import type { Hold, Wallet } from './wallet.ts'

export type Reservation = {
  readonly accountId: string
  readonly holdId: string
  readonly hold: Hold
  readonly keyOrdinal: number
  /** Which of the key's secrets asks; undefined where none does. */
  readonly secret?: number | undefined
  /** Of the key by whose limits it is made; undefined where none is. */
  readonly keyVersion?: number | undefined
  readonly charges: readonly CounterCharge[]
  /** Counters of minutes long past, removed by the same write. */
  readonly dropCounters: readonly string[]
  /** Taken together with the hold, in one transaction. */
  readonly claim?: IdempotencyClaim | undefined
}

/** A client's idempotency key, as it is taken: free, expired, or still naming `replaces`. */
export type IdempotencyClaim = {
  /** Keyed hash over account and idempotency key. */
  readonly claimHash: string
  /** Keyed hash over endpoint and body. */
  readonly fingerprint: string
  readonly nowSec: number
  readonly expiresAtSec: number
  /** The hold of an earlier attempt that ended without a charge. */
  readonly replaces?: string | undefined
}

/** Whether it still runs, and how it ended, is told by the decision of its hold. */
export type StoredClaim = { readonly fingerprint: string; readonly holdId: string }

export type ClaimStore = {
  /** Strongly consistent; undefined where none was taken, or its time is over. */
  readonly readClaim: (
    claim: Pick<IdempotencyClaim, 'claimHash' | 'nowSec'>,
  ) => Promise<StoredClaim | undefined>
}

export type ReserveOutcome =
  | {
      readonly kind: 'held'
      /** Of the reservation's counters, as it left them; undefined where the store cannot tell. */
      readonly counters?: ReadonlyMap<string, bigint> | undefined
    }
  | {
      readonly kind: 'refused'
      /** As it was when its own condition failed; undefined without one, or where only the claim's did. */
      readonly wallet: Wallet | undefined
      /** Present where the claim's own condition failed. */
      readonly claim?: StoredClaim | undefined
    }
  | { readonly kind: 'unknown' }

export type Settlement = {
  readonly accountId: string
  readonly holdId: string
  readonly hold: Hold
  readonly charge: NanoUsd
  readonly returns: readonly CounterReturn[]
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
  /** Of the hold that it ends. Undefined in decisions from before nonces were recorded. */
  readonly nonce: string | undefined
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
  /** Strongly consistent; undefined while the hold is undecided. */
  readonly readDecision: (accountId: string, holdId: string) => Promise<Decision | undefined>
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
  /**
   * Moves `closedBefore` on with it, so that no late hold counts anew in a period that was dropped.
   * Does nothing where the wallet is closed further on already.
   */
  readonly dropCounters: (drop: {
    readonly accountId: string
    readonly names: readonly string[]
    readonly closedBefore: string
  }) => Promise<void>
  readonly readCursor: () => Promise<string | undefined>
  readonly writeCursor: (bucket: string) => Promise<void>
  /** The database's own clock, for judging ours; undefined where it tells none. */
  readonly serverTimeMs: () => Promise<number | undefined>
}

export type Account = {
  readonly accountId: string
  readonly name: string
  readonly smoke: boolean
  /** The host owner that this customer also is; its own hosts earn nothing from it. */
  readonly ownerId?: string | undefined
  readonly createdAtMs: number
  /** By which its spend is summed up; left out where there are none. */
  readonly tags?: AccountTags | undefined
}

/** What is named changes; null takes the owner away. */
export type AccountChange = {
  readonly name?: string | undefined
  readonly smoke?: boolean | undefined
  readonly ownerId?: string | null | undefined
  readonly tags?: AccountTags | undefined
  readonly status?: Wallet['status'] | undefined
}

/** For operators alone. */
export type AccountEditor = {
  /** All of it at once, the status on the wallet; false where there is no such account. */
  readonly changeAccount: (accountId: string, change: AccountChange) => Promise<boolean>
}

export type AccountStore = {
  readonly createAccount: (account: Account) => Promise<void>
  readonly readAccount: (accountId: string) => Promise<Account | undefined>
  readonly listAccounts: (page: Page) => Promise<Paged<Account>>
  /** On the wallet, where every reserve reads it; false where there is no such account. */
  readonly setStatus: (accountId: string, status: Wallet['status']) => Promise<boolean>
}

export type Page = { readonly limit: number; readonly after: string | undefined }
export type Paged<T> = { readonly items: readonly T[]; readonly next: string | undefined }
