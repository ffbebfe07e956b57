/**
 * What posting entries needs of a store: one transaction that writes the entry, what it changes of
 * wallets and earnings, and the guards it must pass. The entry's reference is taken in the same
 * transaction, so a posting repeated after a lost reply is recognised and changes nothing.
 */
import type { NanoUsd } from '../money/nano-usd.ts'
import type { Earnings } from './earnings.ts'
import type { Entry } from './journal.ts'
import type { Decision, Page, Paged } from './ports.ts'
import type { Wallet } from './wallet.ts'

/** A condition that a posting carries, and what it records by passing. */
export type Guard =
  /** All refunds of one charge together are at most the charge (S8). */
  | {
      readonly kind: 'refund'
      readonly accountId: string
      readonly holdId: string
      readonly amount: NanoUsd
      readonly charge: NanoUsd
    }
  /** A payout of a node and period goes through its states once each. */
  | {
      readonly kind: 'payout'
      readonly payout: Payout
      readonly from: Payout['state'] | undefined
    }
  /** A ticket is claimed late once; its claim is released once. */
  | {
      readonly kind: 'late_claim'
      readonly claim: LateClaim
      readonly from: LateClaim['state'] | undefined
    }
  /** Late claims of a node, or on an account, on one UTC day. */
  | {
      readonly kind: 'late_day'
      readonly subject: string
      readonly day: string
      readonly countMax: number
      readonly amount: NanoUsd
      readonly amountMax: NanoUsd
    }
  /** Nobody accrued these charges meanwhile (S13). */
  | { readonly kind: 'book'; readonly from: Book | undefined; readonly to: Book }
  /** A second operator's word on an adjustment above the limit. */
  | { readonly kind: 'approval'; readonly reference: string }

export type Posting = { readonly entry: Entry; readonly guards: readonly Guard[] }

export type PostOutcome =
  | { readonly kind: 'posted' }
  /** The reference is taken: the entry that took it, which may be another one. */
  | { readonly kind: 'posted_before'; readonly entry: Entry }
  /**
   * Nothing was written: no such wallet or not enough available on it, not enough of a node's
   * earnings, or the guard that failed.
   */
  | { readonly kind: 'refused'; readonly by: 'wallet' | 'earnings' | Guard }
  | { readonly kind: 'unknown' }

export type JournalStore = {
  readonly post: (posting: Posting) => Promise<PostOutcome>
  readonly readEntry: (reference: string) => Promise<Entry | undefined>
  /** Newest first, with all legs, whichever account of the entry is asked for. */
  readonly listEntries: (of: JournalOwner, page: Page) => Promise<Paged<Entry>>
  readonly readEarnings: (nodeId: string) => Promise<Earnings | undefined>
  /** Nodes that ever earned, by id. */
  readonly listEarners: (page: Page) => Promise<Paged<string>>
  readonly readPayout: (nodeId: string, period: string) => Promise<Payout | undefined>
  /** By node, newest period first. */
  readonly listPayouts: (nodeId: string, page: Page) => Promise<Paged<Payout>>
  readonly readLateClaim: (ticketHash: string) => Promise<LateClaim | undefined>
  /** Still in escrow, in order of time; bounded page. */
  readonly listEscrowed: (nodeId: string, limit: number) => Promise<readonly LateClaim[]>
  /** Writes the request unless its reference stands already; the one that stands. */
  readonly requestAdjustment: (adjustment: Adjustment) => Promise<Adjustment>
  readonly readAdjustment: (reference: string) => Promise<Adjustment | undefined>
}

export type JournalOwner =
  | { readonly kind: 'customer'; readonly accountId: string }
  | { readonly kind: 'host'; readonly nodeId: string }

/** All that was payable to a node when the period closed. */
export type Payout = {
  readonly nodeId: string
  /** UTC day: `2026-11-21`. */
  readonly period: string
  readonly amount: NanoUsd
  readonly state: 'in_transit' | 'paid' | 'returned'
  readonly closedAtMs: number
  /** The payment provider's id of the transfer, once it is known. */
  readonly transferId: string | undefined
}

export type LateClaim = {
  readonly ticketHash: string
  readonly nodeId: string
  readonly accountId: string
  readonly holdId: string
  readonly amount: NanoUsd
  readonly state: 'escrowed' | 'released'
  readonly claimedAtMs: number
  readonly payableAtMs: number
}

/** A correction above the limit, from its request to a second operator's approval. */
export type Adjustment = {
  readonly reference: string
  readonly accountId: string
  /** Negative takes money away. */
  readonly amount: NanoUsd
  readonly reason: string
  readonly requestedBy: string
  readonly requestedAtMs: number
  readonly state: 'requested' | 'approved'
}

/** How far an account's charges are accrued, and where they went; sums since the account began. */
export type Book = {
  readonly accountId: string
  /** Every charge up to this hold id, inclusive. */
  readonly through: string
  readonly charges: NanoUsd
  readonly payable: NanoUsd
  readonly unpayable: NanoUsd
  readonly fees: NanoUsd
  /** Of the wallet's `granted`, what these charges used up. */
  readonly grantsUsed: NanoUsd
}

export type ClosingStore = {
  /** Moves `closedBefore` on, never back; the wallet as it stands with it. */
  readonly closeBefore: (accountId: string, holdId: string) => Promise<Wallet | undefined>
  /** Strongly consistent, ascending by hold id, both bounds exclusive. */
  readonly decisionsBetween: (range: {
    readonly accountId: string
    readonly after: string | undefined
    readonly before: string
    readonly limit: number
  }) => Promise<readonly Decision[]>
  readonly readBook: (accountId: string) => Promise<Book | undefined>
  /** Where the schedule goes on: an account id; undefined at the start of a round. */
  readonly readPlace: (schedule: string) => Promise<string | undefined>
  readonly writePlace: (schedule: string, place: string | undefined) => Promise<void>
}
