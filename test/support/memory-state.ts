/**
 * The ledger's stores as plain maps. Every value in them is immutable and replaced by a write, so
 * what was read stays as it was, and a checker may keep it. Nothing here judges a number: a wrong
 * state must be holdable, or no checker could be shown one.
 */
import type { Earnings } from '../../src/ledger/earnings.ts'
import type { Entry } from '../../src/ledger/journal.ts'
import type { Adjustment, Book, LateClaim, Payout } from '../../src/ledger/journal-ports.ts'
import type { Account, Decision, StoredClaim } from '../../src/ledger/ports.ts'
import type { Wallet } from '../../src/ledger/wallet.ts'

export type ClaimRecord = StoredClaim & { readonly expiresAtSec: number }
export type LateDay = { readonly count: number; readonly amount: bigint }

/** Changed in place by the functions in `memory-*.ts`, all of a write at once. */
export type LedgerState = {
  /** All by account id. */
  readonly accounts: Map<string, Account>
  readonly wallets: Map<string, Wallet>
  readonly books: Map<string, Book>
  /** Account id → hold id → how the hold ended. */
  readonly decisions: Map<string, Map<string, Decision>>
  /** By claim hash. */
  readonly claims: Map<string, ClaimRecord>
  /** All by reference, in order of posting. */
  readonly entries: Map<string, Entry>
  readonly adjustments: Map<string, Adjustment>
  /** By node id. */
  readonly earnings: Map<string, Earnings>
  /** By `payoutId`. */
  readonly payouts: Map<string, Payout>
  /** By ticket hash. */
  readonly lateClaims: Map<string, LateClaim>
  /** By `lateDayId`. */
  readonly lateDays: Map<string, LateDay>
  /** By `refundedId`: the sum of a charge's refunds. */
  readonly refunded: Map<string, bigint>
  /** By schedule. */
  readonly places: Map<string, string>
  cursor: string | undefined
}

export const emptyLedgerState = (): LedgerState => ({
  accounts: new Map(),
  wallets: new Map(),
  books: new Map(),
  decisions: new Map(),
  claims: new Map(),
  entries: new Map(),
  adjustments: new Map(),
  earnings: new Map(),
  payouts: new Map(),
  lateClaims: new Map(),
  lateDays: new Map(),
  refunded: new Map(),
  places: new Map(),
  cursor: undefined,
})

export const payoutId = (nodeId: string, period: string) => `${nodeId} ${period}`
export const lateDayId = (subject: string, day: string) => `${subject} ${day}`
export const refundedId = (accountId: string, holdId: string) => `${accountId} ${holdId}`

export const newWallet = (accountId: string): Wallet => ({
  accountId,
  status: 'active',
  available: 0n,
  held: 0n,
  spent: 0n,
  funded: 0n,
  granted: 0n,
  holds: new Map(),
  counters: new Map(),
  revokedKeyOrdinals: new Set(),
  oldestSecrets: new Map(),
  limitVersions: new Map(),
  sweepBucket: undefined,
  closedBefore: undefined,
})

/** Replaces fields of a wallet that is there. */
export function changeWallet(state: LedgerState, wallet: Wallet, change: Partial<Wallet>): Wallet {
  const changed = { ...wallet, ...change }
  state.wallets.set(wallet.accountId, changed)
  return changed
}
