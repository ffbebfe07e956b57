/** The customer's own money: what is available, what is held and until when, what it went to. */

import { isoTime } from '../http/iso-time.ts'
import type { CustomerKey } from '../keys/api-key.ts'
import { customerGain } from '../ledger/credit.ts'
import type { Entry, StoredEntryKind } from '../ledger/journal.ts'
import type { JournalStore } from '../ledger/journal-ports.ts'
import type { Decision, Page, SweepStore } from '../ledger/ports.ts'
import { formatUsd } from '../money/nano-usd.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import type { ReceiptStore } from '../receipts/ports.ts'
import type { UsageFilter } from './usage-query.ts'

export type BillingDeps = {
  readonly wallets: Pick<SweepStore, 'readWallet'>
  readonly journal: Pick<JournalStore, 'listEntries'>
  readonly receipts: Pick<ReceiptStore, 'listReceipts'>
  readonly timeOfId: (id: string) => number
}

export async function showAccount(deps: BillingDeps, key: CustomerKey): Promise<Result<object>> {
  const wallet = await deps.wallets.readWallet(key.accountId)
  if (!wallet) return refuse('no_billing_identity')
  const holds = [...wallet.holds].map(([id, hold]) => ({
    request_id: id,
    amount_usd: formatUsd(hold.amount),
    expires_at: isoTime(hold.expiresAtSec * 1000),
  }))
  return ok({
    object: 'billing.account',
    account_id: wallet.accountId,
    status: wallet.status,
    currency: 'USD',
    available_usd: formatUsd(wallet.available),
    held_usd: formatUsd(wallet.held),
    spent_usd: formatUsd(wallet.spent),
    funded_usd: formatUsd(wallet.funded),
    open_holds: holds,
    policy: {
      scopes: key.scopes,
      ...key.policy,
      spend_usd_per_day: key.spendPerDay === undefined ? null : formatUsd(key.spendPerDay),
      spend_usd_per_month: key.spendPerMonth === undefined ? null : formatUsd(key.spendPerMonth),
      requests_per_minute: key.requestsPerMinute ?? null,
      tokens_per_minute: key.tokensPerMinute ?? null,
      concurrency: key.concurrency ?? null,
    },
  })
}

export type UsageEntry = {
  readonly id: string
  readonly at: string
  readonly type: 'charge' | StoredEntryKind
  /** Negative for charges: the column adds up to available + held. */
  readonly amount_usd: string
  readonly model: string | null
  readonly key_id: string | null
  readonly prompt_tokens: number
  readonly completion_tokens: number
  readonly status: string | null
  readonly receipt_hash: string | null
  readonly reference: string | null
}

/**
 * One page, newest first: charges and all other entries merged by the time in their ids. Under a filter
 * a page may have less than was asked for, or nothing, and still a next one.
 */
export async function listUsage(
  deps: BillingDeps,
  accountId: string,
  page: Page,
  filter: UsageFilter = {},
): Promise<{ readonly entries: readonly UsageEntry[]; readonly next: string | undefined }> {
  const [charges, others] = await Promise.all([
    deps.receipts.listReceipts(accountId, page),
    deps.journal.listEntries({ kind: 'customer', accountId }, page),
  ])
  const merged = [
    ...charges.items.map((decision) => fromDecision(deps, decision)),
    ...others.items.map((entry) => fromEntry(entry, accountId)),
  ].sort((one, other) => (one.id < other.id ? 1 : -1))
  const entries = merged.slice(0, page.limit)
  const last = entries.at(-1)?.id
  const isOver = last !== undefined && filter.sinceId !== undefined && last < filter.sinceId
  const more = merged.length > page.limit || charges.next !== undefined || others.next !== undefined
  return {
    entries: entries.filter((entry) => isShown(entry, filter)),
    next: more && !isOver ? last : undefined,
  }
}

const isShown = (entry: UsageEntry, { model, keyId, sinceId }: UsageFilter): boolean =>
  (model === undefined || entry.model === model) &&
  (keyId === undefined || entry.key_id === keyId) &&
  (sinceId === undefined || entry.id >= sinceId)

const columns = [
  'id',
  'at',
  'type',
  'amount_usd',
  'model',
  'key_id',
  'prompt_tokens',
  'completion_tokens',
  'status',
  'receipt_hash',
  'reference',
] as const satisfies readonly (keyof UsageEntry)[]

export function toCsv(entries: readonly UsageEntry[]): string {
  const rows = entries.map((entry) => columns.map((name) => csvField(entry[name])).join(','))
  return `${[columns.join(','), ...rows].join('\r\n')}\r\n`
}

export const toNdjson = (entries: readonly UsageEntry[]): string =>
  entries.map((entry) => `${JSON.stringify(entry)}\n`).join('')

function fromDecision(deps: BillingDeps, { holdId, charge, receipt }: Decision): UsageEntry {
  const billed = receipt.body.served?.usage.billed
  return {
    id: holdId,
    at: isoTime(deps.timeOfId(holdId)),
    type: 'charge',
    amount_usd: formatUsd(-charge),
    model: receipt.body.model,
    key_id: receipt.private.key_id,
    prompt_tokens: billed?.prompt ?? 0,
    completion_tokens: billed?.completion ?? 0,
    status: receipt.body.result.status,
    receipt_hash: receipt.receipt_hash,
    reference: null,
  }
}

function fromEntry(entry: Entry, accountId: string): UsageEntry {
  return {
    id: entry.entryId,
    at: isoTime(entry.atMs),
    type: entry.kind,
    amount_usd: formatUsd(customerGain(entry, accountId) ?? 0n),
    model: null,
    key_id: null,
    prompt_tokens: 0,
    completion_tokens: 0,
    status: null,
    receipt_hash: null,
    reference: entry.reference,
  }
}

/** What a spreadsheet would read as a formula, by how it begins, gets a quote before it. */
function csvField(value: string | number | null): string {
  const text = value === null ? '' : String(value)
  const isAmount = /^-?\d+(\.\d+)?$/.test(text)
  const safe = !isAmount && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
