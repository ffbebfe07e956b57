/**
 * The real use cases of the ledger, composed as the product composes them, over any stores and under
 * a clock that the test moves. One write may lose its request or its reply on the way.
 */

import { decodeTime, encodeTime } from 'ulid'
import { firstIdAt } from '../../src/adapters/system.ts'
import type { AccrueDeps } from '../../src/ledger/accrue.ts'
import type { AdjustDeps } from '../../src/ledger/adjust.ts'
import {
  countedUse,
  counterCharges,
  type KeyCaps,
  pastMinuteCounters,
} from '../../src/ledger/counters.ts'
import type { FinishDeps } from '../../src/ledger/finish.ts'
import { claimLifeMs } from '../../src/ledger/idempotency.ts'
import type { LateClaimDeps } from '../../src/ledger/late-claim.ts'
import type { PayoutDeps } from '../../src/ledger/payout.ts'
import type { HoldStore, IdempotencyClaim } from '../../src/ledger/ports.ts'
import type { RefundDeps } from '../../src/ledger/refund.ts'
import type { ReserveDeps, ReserveOrder } from '../../src/ledger/reserve.ts'
import { repairWallet, type SweepDeps } from '../../src/ledger/sweep.ts'
import type { MemoryLedger } from '../support/memory-ledger.ts'
import { decisionOf } from './decisions.ts'

export type Stores = Omit<MemoryLedger, 'state'>
export type Fate = 'request lost' | 'reply lost'
export type RealLedger = ReturnType<typeof composeLedger>

/** Not far from the end of a month. */
export const startMs = Date.UTC(2026, 10, 29, 5, 10)
export const leaseMs = 5 * 60_000
export const graceMs = 2 * 60_000
/** Whose accounts and whose nodes belong to one owner. */
export type Owners = (accountId: string, nodeId: string) => boolean

export type OrderTerms = {
  readonly accountId: string
  readonly amount: bigint
  readonly tokens?: number
  readonly caps?: Partial<KeyCaps>
  readonly claim?: Pick<IdempotencyClaim, 'claimHash' | 'fingerprint'> | undefined
}

export function composeLedger(stores: Stores, isOwn: Owners = () => false) {
  let clockMs = startMs
  let idsMade = 0
  let fate: Fate | undefined
  const suspendedNodes: string[] = []
  const failures: unknown[] = []
  const nowMs = () => clockMs
  const sleep = async () => undefined
  const ulid = (atMs: number) => {
    idsMade += 1
    return encodeTime(atMs, 10) + String(idsMade).padStart(16, '0')
  }
  const timeOfId = (id: string) => decodeTime(id)

  const send = async <T>(apply: () => Promise<T>) => {
    const lost = fate
    fate = undefined
    const reply = lost === 'request lost' ? undefined : await apply()
    return lost || reply === undefined ? ({ kind: 'unknown' } as const) : reply
  }
  const store: HoldStore = {
    reserve: (reservation) => send(() => stores.holds.reserve(reservation)),
    decide: (decision) => send(() => stores.holds.decide(decision)),
    settle: (settlement) => send(() => stores.holds.settle(settlement)),
    readDecision: stores.holds.readDecision,
  }
  const journal = {
    ...stores.journal,
    post: (posting: Parameters<typeof stores.journal.post>[0]) =>
      send(() => stores.journal.post(posting)),
  }
  const isOwnTraffic = async (accountId: string, nodeId: string) => isOwn(accountId, nodeId)
  const posting = { journal, ids: { ulid }, nowMs, sleep }
  const finishing: FinishDeps = { store, sleep, nowMs, timeOfId }
  const sweeping: SweepDeps = {
    ...finishing,
    sweepStore: { ...stores.sweeps, serverTimeMs: async () => clockMs },
    leaseMs,
    firstIdAt,
    graceMs,
    expire: (accountId, holdId, hold) =>
      decisionOf({ accountId, holdId, hold, charge: 0n, status: 'expired' }),
    onFailure: ({ error }) => failures.push(error),
  }
  const reserving: ReserveDeps = {
    store,
    repair: (wallet) => repairWallet(sweeping, wallet),
    newNonce: () => ulid(clockMs).slice(-8),
    sleep,
  }
  const accruing: AccrueDeps = { ...posting, closing: stores.closing, isOwnTraffic }
  const refunding: RefundDeps = { ...accruing, journal, wallets: stores.sweeps }
  const adjusting: AdjustDeps = posting
  const paying: PayoutDeps = posting
  const claiming: LateClaimDeps = {
    ...posting,
    findExpired: stores.receipts.findExpired,
    isOwnTraffic,
    suspendNode: async (nodeId) => {
      suspendedNodes.push(nodeId)
    },
    suspendAccount: async (accountId) => {
      await stores.accounts.setStatus(accountId, 'suspended')
    },
  }
  return {
    stores,
    nowMs,
    ulid,
    timeOfId,
    moveClock: (byMs: number) => {
      clockMs += byMs
    },
    setClock: (atMs: number) => {
      clockMs = atMs
    },
    /** Of the next write alone. */
    lose: (next: Fate | undefined) => {
      fate = next
    },
    ...{
      posting,
      finishing,
      sweeping,
      reserving,
      accruing,
      refunding,
      adjusting,
      paying,
      claiming,
    },
    suspendedNodes,
    failures,
    /** What a gateway asks for now. */
    orderOf: ({ accountId, amount, tokens = 0, caps, claim }: OrderTerms): ReserveOrder => {
      const keyCaps = { ...noCaps, ...caps }
      const use = { amount, tokens }
      return {
        accountId,
        holdId: ulid(clockMs),
        hold: {
          amount,
          expiresAtSec: Math.ceil((clockMs + leaseMs) / 1000),
          priceVersion: 3,
          counted: countedUse(keyCaps, use),
        },
        keyOrdinal: keyCaps.keyOrdinal,
        charges: counterCharges(keyCaps, use, clockMs),
        dropCounters: pastMinuteCounters(keyCaps, clockMs),
        claim: claim && {
          ...claim,
          nowSec: Math.floor(clockMs / 1000),
          expiresAtSec: Math.ceil((clockMs + claimLifeMs) / 1000),
        },
      }
    },
  }
}

const noCaps: KeyCaps = {
  keyOrdinal: 1,
  spendPerDay: undefined,
  spendPerMonth: undefined,
  requestsPerMinute: undefined,
  tokensPerMinute: undefined,
  concurrency: undefined,
}
