/**
 * A ledger with all its schedules, on real stored items: requests are served and charged as their
 * receipts say, hosts earn and are paid, and the reconciler looks at all of it.
 */
import { expect } from 'vitest'
import { makeClosingStore } from '../../../src/adapters/dynamodb/closing-store.ts'
import { toReceiptItem } from '../../../src/adapters/dynamodb/items/receipt-item.ts'
import { makeKeyStore } from '../../../src/adapters/dynamodb/key-store.ts'
import { makeReconcileStore } from '../../../src/adapters/dynamodb/reconcile-store.ts'
import { firstIdAt, timeOfId } from '../../../src/adapters/system.ts'
import { finishHold } from '../../../src/ledger/finish.ts'
import type { Decision, Reservation } from '../../../src/ledger/ports.ts'
import type { DiscrepancyOf } from '../../../src/ledger/reconcile/ports.ts'
import { formatUsd } from '../../../src/money/nano-usd.ts'
import type { ReceiptBody } from '../../../src/protocol/receipt.ts'
import { receiptHash } from '../../../src/receipts/make-receipt.ts'
import { chargeOfReceipt, verifyReceipt } from '../../../src/receipts/verify-receipt.ts'
import { accrueEarnings } from '../../../src/schedules/accrue-earnings.ts'
import { closePayouts } from '../../../src/schedules/close-payouts.ts'
import {
  type ReconcileLedgerDeps,
  type ReconcileLedgerReport,
  reconcileLedger,
} from '../../../src/schedules/reconcile-ledger.ts'
import type { EmbeddedDynamodb } from '../../support/embedded-dynamodb.ts'
import { by, draft, genuineReceipt, published } from '../../support/genuine-receipt.ts'
import { openLedger } from '../open-ledger.ts'

/** More than a request of these tests costs. */
export const holdAmount = 100_000n

export type ReconciledLedger = Awaited<ReturnType<typeof openReconciledLedger>>

export type Reconciled = ReconcileLedgerReport & { readonly found: readonly DiscrepancyOf[] }

export async function openReconciledLedger(engine: EmbeddedDynamodb) {
  const ledger = await openLedger(engine)
  const { database, sweeping, posting, nowMs } = ledger
  const closing = makeClosingStore(database)
  const keys = makeKeyStore(database)
  const publishedCounts: { discrepancies: number; accounts: number }[] = []
  const unread: string[] = []
  const found: DiscrepancyOf[] = []
  const deps: ReconcileLedgerDeps = {
    store: makeReconcileStore(database),
    places: closing,
    accounts: ledger.accounts,
    journal: ledger.journal,
    keys,
    sweepStore: sweeping.sweepStore,
    verify: (receipt) => verifyReceipt({ object: 'receipt', ...receipt }, published),
    timeOfId,
    firstIdAt,
    nowMs,
    metrics: {
      publish: ({ discrepancies, accounts }) => publishedCounts.push({ discrepancies, accounts }),
    },
    onDiscrepancy: (discrepancy) => found.push(discrepancy),
    onFailure: ({ subject, error }) =>
      unread.push(`${subject}: ${error instanceof Error ? error.message : 'fault'}`),
    pageSize: 10,
    bounds: { recordsPerRun: 100_000, recordsPerVisit: 100_000, runMs: 60_000 },
  }
  const accruing = {
    ...sweeping,
    ...posting,
    accounts: ledger.accounts,
    closing,
    places: closing,
    isOwnTraffic: async () => false,
    firstIdAt,
  }
  const paying = {
    ...posting,
    journal: ledger.journal,
    places: closing,
    readIncidents: async () => [],
    onFailure: sweeping.onFailure,
  }
  const putReceipt = async (Item: Record<string, unknown>) => {
    await database.client.put({
      TableName: database.tables.receipts,
      Item,
      ConditionExpression: 'attribute_exists(pk)',
    })
  }
  return {
    ...ledger,
    closing,
    keys,
    deps,
    accruing,
    /** Subjects that a run could not look at. */
    unread,
    publishedCounts,
    accrue: () => accrueEarnings(accruing),
    pay: (changes: Partial<Parameters<typeof closePayouts>[0]> = {}) =>
      closePayouts({ ...paying, onFailure: () => undefined, ...changes }),
    /** One run, and what it found. */
    reconcile: async (changes: Partial<ReconcileLedgerDeps> = {}): Promise<Reconciled> => {
      const before = found.length
      const report = await reconcileLedger({ ...deps, ...changes })
      return { ...report, found: found.slice(before) }
    },
    /** A request that was paid as its receipt says, settled and all. */
    served: async (accountId: string, changes: Serving = {}): Promise<Decision> => {
      const order = await ledger.take(ledger.reservation(accountId, holdAmount))
      const decision = serving(order, changes)
      const { hold } = order
      expect(await finishHold(ledger.finishing, hold, decision)).toMatchObject({ isSettled: true })
      return decision
    },
    /** Changes an item behind the ledger's back. */
    alter: async (
      key: { readonly pk: string; readonly sk: string },
      fields: Readonly<Record<string, unknown>>,
    ): Promise<void> => {
      const names = Object.keys(fields)
      await database.client.update({
        TableName: database.tables.balances,
        Key: key,
        ConditionExpression: 'attribute_exists(pk)',
        UpdateExpression: `SET ${names.map((name) => `#${name} = :${name}`).join(', ')}`,
        ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
        ExpressionAttributeValues: Object.fromEntries(
          names.map((name) => [`:${name}`, fields[name]]),
        ),
      })
    },
    /** Puts another receipt where this decision's stands, as the product would store it. */
    replaceReceipt: (decision: Decision): Promise<void> => putReceipt(toReceiptItem(decision)),
    /** Leaves a packed body that nobody can unpack. */
    breakReceipt: (decision: Decision): Promise<void> => {
      const fields = Object.entries(toReceiptItem(decision)).map(([name, value]) => [
        name,
        value instanceof Uint8Array ? new Uint8Array([1, 2, 3]) : value,
      ])
      return putReceipt(Object.fromEntries(fields))
    },
  }
}

/** The decision of a gateway that relayed so many completion tokens. */
export function serving(
  { accountId, holdId, hold }: Reservation,
  { completion = 34, keyId = draft.private.key_id }: Serving = {},
): Decision {
  const own = { request_id: holdId, account_id: accountId, hold_usd: formatUsd(hold.amount) }
  const part = { ...draft.private, ...own, key_id: keyId }
  const { served } = draft
  const usage = served && { ...served.usage, billed: { ...served.usage.billed, completion } }
  const billed = { served: served && usage && { ...served, usage }, private: part }
  const charge = chargeOfReceipt(genuineReceipt(billed).body) ?? 0n
  const receipt = genuineReceipt({ ...billed, charge })
  return { accountId, holdId, nonce: hold.nonce, charge, receipt }
}

export type Serving = { readonly completion?: number; readonly keyId?: string | null }

/** The same decision under a receipt with another body: hashed and signed as if it were right. */
export function resigned(decision: Decision, body: Partial<ReceiptBody>): Decision {
  const changed = { ...decision.receipt.body, ...body }
  const signature = by.signer.sign('b3iq:receipt:v1', changed)
  const receipt = {
    ...decision.receipt,
    body: changed,
    signature,
    receipt_hash: receiptHash(changed),
  }
  return { ...decision, receipt }
}
