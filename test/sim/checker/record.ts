/**
 * What the checker has seen, in its own words: every write that was applied, and nothing that the
 * ledger says about itself. All sums are made here a second time.
 */
import type { Earnings } from '../../../src/ledger/earnings.ts'
import type { Entry } from '../../../src/ledger/journal.ts'
import type { Decision, IdempotencyClaim } from '../../../src/ledger/ports.ts'

export type SeenHold = {
  readonly accountId: string
  readonly holdId: string
  readonly nonce: string
  readonly amount: bigint
  readonly priceVersion: number
  /** True time when its gateway made it out: the beginning of its lease. */
  readonly madeAtMs: number
  readonly keyOrdinal: number
  /** Counter → what it uses of it now. */
  readonly uses: Map<string, bigint>
  isOpen: boolean
}

export type SeenAccount = {
  readonly accountId: string
  credited: bigint
  granted: bigint
  refunded: bigint
  adjusted: bigint
  charged: bigint
  held: bigint
  open: number
  /** By hold id and nonce: a twin is a hold of its own. */
  readonly holds: Map<string, SeenHold>
  /** By hold id, in the order in which they were made. */
  readonly decisions: Map<string, Decision>
  readonly refundsOf: Map<string, bigint>
  readonly counters: Map<string, bigint>
  /** Names on the wallet that were cleaned away: what they count from now on is not the whole. */
  readonly dropped: Set<string>
  isSuspended: boolean
  readonly revoked: Set<number>
  /** Hold id up to which charges were accrued. */
  accruedThrough: string
  grantsUsed: bigint
}

export type SeenClaim = {
  readonly fingerprint: string
  readonly holdIds: string[]
  /** Receipt that a customer was shown as the answer. */
  answer: string | undefined
}

export type Seen = {
  readonly accounts: Map<string, SeenAccount>
  /** What each node's entries add up to. */
  readonly earnings: Map<string, Earnings>
  readonly entries: Map<string, Entry>
  /** Payout of a node and period → the kinds of entry that moved it. */
  readonly payouts: Map<string, string[]>
  /** Idempotency claim → holds that were taken with it. */
  readonly claims: Map<string, SeenClaim>
  /** Hold id → the idempotency key that its client sent along. */
  readonly asked: Map<string, IdempotencyClaim>
  /** Hold id → the run that dispatched it. */
  readonly dispatches: Map<string, string>
  /** Hold id → true time when its late claim was granted. */
  readonly paidLate: Map<string, number>
  /** Reservation → true time when it was first sent. */
  readonly madeAt: Map<string, number>
  /** Task that closed an account → what it read as granted. */
  readonly grantedAtClose: Map<string, bigint>
}

export const nothingSeen = (): Seen => ({
  accounts: new Map(),
  earnings: new Map(),
  entries: new Map(),
  payouts: new Map(),
  claims: new Map(),
  asked: new Map(),
  dispatches: new Map(),
  paidLate: new Map(),
  madeAt: new Map(),
  grantedAtClose: new Map(),
})

export function accountOf(seen: Seen, accountId: string): SeenAccount {
  const known = seen.accounts.get(accountId)
  if (known) return known
  const account: SeenAccount = {
    accountId,
    credited: 0n,
    granted: 0n,
    refunded: 0n,
    adjusted: 0n,
    charged: 0n,
    held: 0n,
    open: 0,
    holds: new Map(),
    decisions: new Map(),
    refundsOf: new Map(),
    counters: new Map(),
    dropped: new Set(),
    isSuspended: false,
    revoked: new Set(),
    accruedThrough: '',
    grantsUsed: 0n,
  }
  seen.accounts.set(accountId, account)
  return account
}

export const holdKey = (holdId: string, nonce: string): string => `${holdId} ${nonce}`
