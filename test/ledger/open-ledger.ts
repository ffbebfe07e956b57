/**
 * Customers, their money and the ledger's own code over a real database, under a clock that the test
 * moves. `books` proves a customer's money from the stored items, without the ledger's own sums.
 */
import { ulid } from 'ulid'
import { expect } from 'vitest'
import * as z from 'zod'
import { makeAccountStore } from '../../src/adapters/dynamodb/account-store.ts'
import { makeDatabase } from '../../src/adapters/dynamodb/client.ts'
import { createTables, localTableNames } from '../../src/adapters/dynamodb/create-tables.ts'
import { makeHoldStore } from '../../src/adapters/dynamodb/hold-store.ts'
import { makeJournalStore } from '../../src/adapters/dynamodb/journal-store.ts'
import { makeReceiptStore } from '../../src/adapters/dynamodb/receipt-store.ts'
import { makeSweepStore } from '../../src/adapters/dynamodb/sweep-store.ts'
import { firstIdAt, ids as systemIds, timeOfId } from '../../src/adapters/system.ts'
import {
  countedUse,
  counterCharges,
  type KeyCaps,
  pastMinuteCounters,
} from '../../src/ledger/counters.ts'
import { credit, customerGain } from '../../src/ledger/credit.ts'
import type { FinishDeps } from '../../src/ledger/finish.ts'
import type { Decision, Reservation } from '../../src/ledger/ports.ts'
import type { PostDeps } from '../../src/ledger/post.ts'
import { type ReserveDeps, reserve } from '../../src/ledger/reserve.ts'
import { repairWallet, type SweepDeps } from '../../src/ledger/sweep.ts'
import { formatUsd, parseUsd } from '../../src/money/nano-usd.ts'
import { expiredReceipt } from '../../src/receipts/expired-receipt.ts'
import type { ReceiptDraft } from '../../src/receipts/make-receipt.ts'
import type { EmbeddedDynamodb } from '../support/embedded-dynamodb.ts'
import { by, draft, genuineReceipt } from '../support/genuine-receipt.ts'

/** A full minute, so that minutes of tests are minutes of the ledger. */
export const startMs = Date.UTC(2026, 10, 21, 5, 10)
export const minuteMs = 60_000
export const leaseMs = 5 * minuteMs
export const graceMs = 2 * minuteMs

/** The product's factory never goes back in time; the clocks of two tests do. */
const ids = { ...systemIds, ulid: (atMs: number) => ulid(atMs) }

export type Ledger = Awaited<ReturnType<typeof openLedger>>

/** Fresh tables on the engine, so that no test sees another's wallets or cursor. */
export async function openLedger(engine: EmbeddedDynamodb) {
  const tables = localTableNames(`ledger-${crypto.randomUUID().slice(0, 8)}`)
  await createTables(engine.endpoint, tables)
  /** Another client of the same tables, as another process would be. */
  const connect = () => ({ ...engine, ...makeDatabase({ tables, endpoint: engine.endpoint }) })
  const database = connect()
  const stores = {
    holds: makeHoldStore(database),
    accounts: makeAccountStore(database),
    journal: makeJournalStore(database),
    receipts: makeReceiptStore(database),
    sweeps: makeSweepStore(database),
  }
  let clockMs = startMs
  const nowMs = () => clockMs
  const failures: string[] = []
  const sleep = async () => undefined
  const posting = { journal: stores.journal, ids, nowMs, sleep } satisfies PostDeps
  const finishing: FinishDeps = { store: stores.holds, sleep, nowMs, timeOfId }
  const sweeping: SweepDeps = {
    ...finishing,
    sweepStore: { ...stores.sweeps, serverTimeMs: async () => clockMs },
    leaseMs,
    firstIdAt,
    graceMs,
    expire: (accountId, holdId, hold) => {
      const expired = { accountId, holdId, amount: hold.amount, heldAtMs: timeOfId(holdId) }
      const receipt = expiredReceipt(expired, { signer: by, ids, nowMs })
      return { accountId, holdId, nonce: hold.nonce, charge: 0n, receipt }
    },
    onFailure: ({ accountId, error }) => {
      failures.push(`${accountId}: ${error instanceof Error ? error.message : 'fault'}`)
    },
  }
  const reserving: ReserveDeps = {
    store: stores.holds,
    sleep,
    repair: (wallet) => repairWallet(sweeping, wallet),
    newNonce: () => ids.token(6),
  }

  return {
    database,
    connect,
    ...stores,
    posting,
    finishing,
    sweeping,
    reserving,
    failures,
    nowMs,
    moveClock: (byMs: number) => {
      clockMs += byMs
    },
    /** The id of a new account that has so much money. */
    customer: async (funded: bigint): Promise<string> => {
      const accountId = `acct_${ids.ulid(clockMs)}`
      const account = { accountId, name: 'Customer', smoke: false, createdAtMs: clockMs }
      await stores.accounts.createAccount(account)
      if (funded === 0n) return accountId
      const reference = `payment of ${accountId}`
      const order = { accountId, kind: 'top_up', amount: funded, reference, by: 'test' } as const
      expect(await credit(posting, order)).toMatchObject({ kind: 'credited' })
      return accountId
    },
    /** What a gateway would ask for now, with the nonce of a first try. */
    reservation: (
      accountId: string,
      amount: bigint,
      { tokens = 0, ...limits }: Limits = {},
    ): Reservation => {
      const caps = { ...noCaps, ...limits }
      const use = { amount, tokens }
      return {
        accountId,
        holdId: ids.ulid(clockMs),
        hold: {
          amount,
          expiresAtSec: Math.ceil((clockMs + leaseMs) / 1000),
          nonce: ids.token(6),
          priceVersion: 3,
          counted: countedUse(caps, use),
        },
        keyOrdinal: caps.keyOrdinal,
        charges: counterCharges(caps, use, clockMs),
        dropCounters: pastMinuteCounters(caps, clockMs),
      }
    },
    /** As a gateway takes it: the reservation with the nonce of the try that was held. */
    take: async (order: Reservation, store = stores.holds): Promise<Reservation> => {
      const reserved = await reserve({ ...reserving, store }, order)
      if (reserved.kind !== 'held') throw new Error(`the hold is ${JSON.stringify(reserved)}`)
      return { ...order, hold: reserved.hold }
    },
    /** Changes the wallet behind the ledger's back. */
    alterWallet: async (accountId: string, name: string, value: unknown): Promise<void> => {
      await database.client.update({
        TableName: tables.balances,
        Key: { pk: accountId, sk: 'wallet#0' },
        UpdateExpression: 'SET #name = :value',
        ExpressionAttributeNames: { '#name': name },
        ExpressionAttributeValues: { ':value': value },
      })
    },
    /** The value of each counter on the wallet. */
    counters: async (accountId: string): Promise<Record<string, bigint>> => {
      const wallet = await stores.sweeps.readWallet(accountId)
      return Object.fromEntries(wallet?.counters ?? [])
    },
    books: async (accountId: string): Promise<Books> => {
      const page = { limit: 100, after: undefined }
      const { Item } = await database.client.get({
        TableName: tables.balances,
        Key: { pk: accountId, sk: 'wallet#0' },
        ConsistentRead: true,
      })
      const { holds, ...wallet } = StoredMoney.parse(Item)
      const entries = await stores.journal.listEntries({ kind: 'customer', accountId }, page)
      const decisions = await stores.receipts.listReceipts(accountId, page)
      // A twin, open under a decided id, is not the hold that was charged.
      const closed = decisions.items.filter(({ holdId, nonce }) => {
        const open = holds[holdId]
        return !open || (nonce !== undefined && open.n !== nonce)
      })
      const funded = sum(entries.items.map((entry) => customerGain(entry, accountId) ?? 0n))
      // S1
      expect(wallet.available >= 0n && wallet.held >= 0n).toBe(true)
      // S2
      expect(wallet.spent).toBe(sum(closed.map(({ charge }) => charge)))
      expect(wallet.available + wallet.held).toBe(funded - wallet.spent)
      expect(wallet.funded).toBe(funded)
      // S3
      expect(wallet.held).toBe(sum(Object.values(holds).map(({ a }) => a)))
      for (const decision of decisions.items) assertDecision(decision)
      return { available: wallet.available, held: wallet.held, spent: wallet.spent }
    },
  }
}

export type Books = { readonly available: bigint; readonly held: bigint; readonly spent: bigint }

/** The decision that a gateway makes once the request has cost so much. */
export function charging(
  { accountId, holdId, hold }: Reservation,
  charge: bigint,
  changes: Partial<ReceiptDraft> = {},
): Decision {
  const own = { request_id: holdId, account_id: accountId, hold_usd: formatUsd(hold.amount) }
  const receipt = genuineReceipt({ charge, private: { ...draft.private, ...own }, ...changes })
  return { accountId, holdId, nonce: hold.nonce, charge, receipt }
}

/** The decision of a gateway that found no host. */
export const failing = (order: Reservation): Decision =>
  charging(order, 0n, {
    result: { status: 'failed', finish_reason: null, error: 'upstream_error' },
    served: null,
  })

/** What `charging` bills. */
export const billedTokens = 154

/** Caps of the key, and the tokens that a request may use at most. */
export type Limits = Partial<KeyCaps> & { readonly tokens?: number }

const noCaps: KeyCaps = {
  keyOrdinal: 1,
  spendPerDay: undefined,
  spendPerMonth: undefined,
  requestsPerMinute: undefined,
  tokensPerMinute: undefined,
  concurrency: undefined,
}

const digits = z.string().transform(BigInt)
const StoredMoney = z.object({
  available: digits,
  held: digits,
  spent: digits,
  funded: digits,
  holds: z.record(z.string(), z.object({ a: digits, n: z.string() })),
})

const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((all, one) => all + one, 0n)

/** S6 and S12. */
function assertDecision({ charge, receipt }: Decision): void {
  const { charge_usd, host_share_usd, fee_usd } = receipt.body.charge
  expect(charge >= 0n && charge <= (parseUsd(receipt.private.hold_usd) ?? -1n)).toBe(true)
  expect(parseUsd(charge_usd)).toBe(charge)
  expect((parseUsd(host_share_usd) ?? 0n) + (parseUsd(fee_usd) ?? 0n)).toBe(charge)
}
