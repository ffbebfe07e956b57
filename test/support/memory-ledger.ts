/**
 * The ledger's stores in memory, behind the same ports as the database and with its semantics. Each
 * call changes the state before it returns its promise, so a caller that keeps a clock of its own
 * decides when a write arrives. `test/contract` holds it to what the real engines do.
 */
import { assertEarnings } from '../../src/ledger/earnings.ts'
import type { ClosingStore, JournalStore } from '../../src/ledger/journal-ports.ts'
import type { AccountStore, HoldStore, SweepStore } from '../../src/ledger/ports.ts'
import { assertWallet, type Wallet } from '../../src/ledger/wallet.ts'
import type { ReceiptStore } from '../../src/receipts/ports.ts'
import {
  applyDecide,
  applyReserve,
  applySettle,
  findExpired,
  readDecision,
} from './memory-holds.ts'
import { applyAdjustmentRequest, applyPost, listEntries, listEscrowed } from './memory-journal.ts'
import { emptyLedgerState, type LedgerState, payoutId } from './memory-state.ts'
import {
  accountsInBucket,
  applyBucket,
  applyClose,
  applyCreateAccount,
  applyDropCounters,
  applyStatus,
  decisionsBetween,
  pageOf,
} from './memory-wallets.ts'

export type MemoryLedgerOptions = {
  /**
   * Whether wallets and earnings are asserted when they are read, as the real adapters do. Without,
   * a wrong state is handed out as it is, for a checker to find.
   */
  readonly asserts: boolean
  readonly serverTimeMs?: () => number | undefined
}

export type MemoryLedger = {
  readonly state: LedgerState
  readonly holds: HoldStore
  readonly sweeps: SweepStore
  readonly accounts: AccountStore
  readonly journal: JournalStore
  readonly closing: ClosingStore
  readonly receipts: Pick<ReceiptStore, 'readReceipt' | 'findExpired'>
}

export function makeMemoryLedger(options: MemoryLedgerOptions): MemoryLedger {
  const state = emptyLedgerState()
  return {
    state,
    holds: holdStore(state, options),
    sweeps: sweepStore(state, options),
    accounts: accountStore(state),
    journal: journalStore(state, options),
    closing: closingStore(state, options),
    receipts: {
      readReceipt: async (accountId, holdId) => readDecision(state, accountId, holdId),
      findExpired: async (holdId) => findExpired(state, holdId),
    },
  }
}

function holdStore(state: LedgerState, options: MemoryLedgerOptions): HoldStore {
  return {
    reserve: async (reservation) => {
      const outcome = applyReserve(state, reservation)
      if (outcome.kind === 'refused') asRead(outcome.wallet, options)
      return outcome
    },
    decide: async (decision) => applyDecide(state, decision),
    settle: async (settlement) => applySettle(state, settlement),
    readDecision: async (accountId, holdId) => readDecision(state, accountId, holdId),
  }
}

function sweepStore(state: LedgerState, options: MemoryLedgerOptions): SweepStore {
  return {
    readWallet: async (accountId) => asRead(state.wallets.get(accountId), options),
    accountsInBucket: async (bucket, limit) => accountsInBucket(state, bucket, limit),
    moveBucket: async (move) => applyBucket(state, move),
    leaveBuckets: async (leave) => applyBucket(state, { ...leave, to: undefined }),
    dropCounters: async (drop) => applyDropCounters(state, drop),
    readCursor: async () => state.cursor,
    writeCursor: async (bucket) => {
      state.cursor = bucket
    },
    serverTimeMs: async () => options.serverTimeMs?.(),
  }
}

function accountStore(state: LedgerState): AccountStore {
  return {
    createAccount: async (account) => applyCreateAccount(state, account),
    readAccount: async (accountId) => state.accounts.get(accountId),
    listAccounts: async (page) =>
      pageOf(state.accounts.values(), page, { key: ({ accountId }) => accountId }),
    setStatus: async (accountId, status) => applyStatus(state, accountId, status),
  }
}

function journalStore(state: LedgerState, { asserts }: MemoryLedgerOptions): JournalStore {
  return {
    post: async (posting) => applyPost(state, posting),
    readEntry: async (reference) => state.entries.get(reference),
    listEntries: async (of, page) => listEntries(state, of, page),
    readEarnings: async (nodeId) => {
      const earnings = state.earnings.get(nodeId)
      if (earnings && asserts) assertEarnings(earnings)
      return earnings
    },
    listEarners: async (page) => pageOf(state.earnings.keys(), page, { key: (nodeId) => nodeId }),
    readPayout: async (nodeId, period) => state.payouts.get(payoutId(nodeId, period)),
    listPayouts: async (nodeId, page) => {
      const own = [...state.payouts.values()].filter((payout) => payout.nodeId === nodeId)
      return pageOf(own, page, { key: ({ period }) => period, newestFirst: true })
    },
    readLateClaim: async (ticketHash) => state.lateClaims.get(ticketHash),
    listEscrowed: async (nodeId, limit) => listEscrowed(state, nodeId, limit),
    requestAdjustment: async (adjustment) => applyAdjustmentRequest(state, adjustment),
    readAdjustment: async (reference) => state.adjustments.get(reference),
  }
}

function closingStore(state: LedgerState, options: MemoryLedgerOptions): ClosingStore {
  return {
    closeBefore: async (accountId, holdId) => asRead(applyClose(state, accountId, holdId), options),
    decisionsBetween: async (range) => decisionsBetween(state, range),
    readBook: async (accountId) => state.books.get(accountId),
    readPlace: async (schedule) => state.places.get(schedule),
    writePlace: async (schedule, place) => {
      if (place === undefined) state.places.delete(schedule)
      else state.places.set(schedule, place)
    },
  }
}

function asRead(wallet: Wallet | undefined, { asserts }: MemoryLedgerOptions): Wallet | undefined {
  if (wallet && asserts) assertWallet(wallet)
  return wallet
}
