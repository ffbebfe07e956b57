/**
 * The books after a load: what the sweeper, the accrual and the reconciler find two hours later, and every
 * receipt with what its own offline check says.
 */
import { isOwnTrafficOf } from '../../../functions/compose/own-traffic.ts'
import { system } from '../../../functions/compose/parts.ts'
import { sweepDepsOf } from '../../../functions/compose/sweep.ts'
import { readConfig } from '../../../functions/environment.ts'
import { makeAccountStore } from '../../../src/adapters/dynamodb/account-store.ts'
import { makeClosingStore } from '../../../src/adapters/dynamodb/closing-store.ts'
import { makeJournalStore } from '../../../src/adapters/dynamodb/journal-store.ts'
import { makeKeyStore } from '../../../src/adapters/dynamodb/key-store.ts'
import { makeReceiptStore } from '../../../src/adapters/dynamodb/receipt-store.ts'
import { makeReconcileStore } from '../../../src/adapters/dynamodb/reconcile-store.ts'
import { makeSweepStore } from '../../../src/adapters/dynamodb/sweep-store.ts'
import { publishedKeysOf } from '../../../src/keys/stage-secrets.ts'
import { sweep } from '../../../src/ledger/sweep.ts'
import type { Wallet } from '../../../src/ledger/wallet.ts'
import type { StoredReceipt } from '../../../src/protocol/receipt.ts'
import { isVerified, verifyReceipt } from '../../../src/receipts/verify-receipt.ts'
import { accrueEarnings } from '../../../src/schedules/accrue-earnings.ts'
import { reconcileLedger } from '../../../src/schedules/reconcile-ledger.ts'
import type { FundedCustomer, LoadStage } from './stage.ts'

export type CustomerBook = {
  readonly accountId: string
  readonly funded: bigint
  readonly wallet: Wallet
  readonly charges: bigint
}

export type Books = {
  readonly customers: readonly CustomerBook[]
  /** By request id. */
  readonly receipts: ReadonlyMap<string, StoredReceipt>
  readonly unverified: readonly string[]
  /** Holds that no request ended: the sweeper did, long after. */
  readonly sweptHolds: number
  /** Earnings that were accrued, and what kept others from it. */
  readonly accrued: { readonly decisions: number; readonly failed: number }
  readonly reconciled: {
    readonly accounts: number
    readonly nodes: number
    /** Of accounts and nodes, those that could not be proven to their end. */
    readonly open: number
    readonly discrepancies: readonly string[]
  }
}

/** Beyond every lease, and beyond the hour in which the reconciler takes entries as still moving. */
const laterMs = 2 * 60 * 60_000
const runsMax = 20
const pageSize = 100
const bounds = { recordsPerRun: 1_000_000, recordsPerVisit: 1_000_000, runMs: 10 * 60_000 }

export async function openWallets(
  { database }: Pick<LoadStage, 'database'>,
  customers: readonly FundedCustomer[],
): Promise<readonly Wallet[]> {
  const store = makeSweepStore(database)
  const wallets = await Promise.all(customers.map((one) => store.readWallet(one.accountId)))
  return wallets.flatMap((wallet) => (wallet === undefined ? [] : [wallet]))
}

export async function readBooks(
  stage: LoadStage,
  customers: readonly FundedCustomer[],
): Promise<Books> {
  const later = laterDeps(stage)
  const swept = await sweep(later)
  const accrued = await accrueAll(later)
  const reconciled = await reconcileAll(stage, later)
  const receipts = new Map<string, StoredReceipt>()
  const unverified: string[] = []
  const published = publishedKeysOf(stage.secrets)
  const books: CustomerBook[] = []
  const store = makeReceiptStore(stage.database)
  for (const { accountId, funded } of customers) {
    let charges = 0n
    let after: string | undefined
    do {
      const page = await store.listReceipts(accountId, { limit: pageSize, after })
      for (const { holdId, charge, receipt } of page.items) {
        charges += charge
        receipts.set(holdId, receipt)
        const checks = verifyReceipt({ object: 'receipt', ...receipt }, published)
        if (!isVerified(checks)) unverified.push(holdId)
      }
      after = page.next
    } while (after !== undefined)
    const wallet = await later.sweepStore.readWallet(accountId)
    if (wallet === undefined) throw new Error(`${accountId} has no wallet`)
    books.push({ accountId, funded, wallet, charges })
  }
  return {
    customers: books,
    receipts,
    unverified,
    sweptHolds: swept.released + accrued.released,
    accrued,
    reconciled,
  }
}

type Later = ReturnType<typeof laterDeps>

/** The deployed parts, with a clock that is two hours ahead; so is the database's, as they see it. */
function laterDeps({ database, secrets, env }: LoadStage) {
  const nowMs = () => system.nowMs() + laterMs
  const base = { config: readConfig(env), secrets, database }
  const closing = makeClosingStore(database)
  const failures: string[] = []
  return {
    ...system,
    ...sweepDepsOf(base),
    nowMs,
    sweepStore: { ...makeSweepStore(database), serverTimeMs: async () => nowMs() },
    closing,
    places: closing,
    accounts: makeAccountStore(database),
    journal: makeJournalStore(database),
    isOwnTraffic: isOwnTrafficOf(base),
    failures,
    onFailure: (failure: { readonly error: unknown }) => void failures.push(String(failure.error)),
  }
}

async function accrueAll(later: Later) {
  const total = { decisions: 0, failed: 0, released: 0 }
  for (let run = 0; run < runsMax; run += 1) {
    const { decisions, failed, released, incomplete, stopped } = await accrueEarnings(later)
    total.decisions += decisions
    total.released += released
    total.failed = failed + incomplete
    if (stopped === 'done' && total.failed === 0) return total
  }
  return total
}

async function reconcileAll({ database, secrets }: LoadStage, later: Later) {
  const published = publishedKeysOf(secrets)
  const discrepancies: string[] = []
  const report = await reconcileLedger({
    ...later,
    store: makeReconcileStore(database),
    keys: makeKeyStore(database),
    verify: (receipt) => verifyReceipt({ object: 'receipt', ...receipt }, published),
    metrics: { publish: () => undefined },
    onDiscrepancy: (one) => void discrepancies.push(JSON.stringify(one)),
    pageSize: 200,
    bounds,
  })
  const { accounts, nodes, unfinished, contended, failed } = report
  const isWhole = report.stopped === 'done' ? 0 : 1
  return { accounts, nodes, open: unfinished + contended + failed + isWhole, discrepancies }
}
