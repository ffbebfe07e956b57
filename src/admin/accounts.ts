/** Customers and the money they bring in. */
import * as z from 'zod'
import type { Account, AccountStore, Credit, Paged, SweepStore } from '../ledger/ports.ts'
import type { Wallet } from '../ledger/wallet.ts'
import { formatUsd, parseUsd } from '../money/nano-usd.ts'
import type { Ids, NowMs } from '../protocol/clock.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import { pageFields, toList } from './page.ts'

export type AccountDeps = {
  readonly accounts: AccountStore
  readonly wallets: Pick<SweepStore, 'readWallet'>
  readonly ids: Ids
  readonly nowMs: NowMs
}

export const AccountDraft = z.strictObject({
  name: z.string().trim().min(1).max(128),
  /** For the operator's own tests. */
  smoke: z.boolean().default(false),
})

export const CreditDraft = z.strictObject({
  amount_usd: z.string().max(32),
  kind: z.enum(['top_up', 'grant']),
  /** The payment's own id: sent again, it credits nothing more. */
  reference: z.string().regex(/^[\x21-\x7e]{1,128}$/, 'must be 1 to 128 visible ASCII characters'),
})

export const AccountQuery = z.strictObject(pageFields)

export async function createAccount(
  { accounts, ids, nowMs }: AccountDeps,
  draft: z.infer<typeof AccountDraft>,
): Promise<Result<object>> {
  const createdAtMs = nowMs()
  const account: Account = { accountId: `acct_${ids.ulid(createdAtMs)}`, ...draft, createdAtMs }
  await accounts.createAccount(account)
  return ok(toWireAccount(account))
}

export async function listAccounts(
  { accounts }: AccountDeps,
  { limit, after }: z.infer<typeof AccountQuery>,
): Promise<Result<object>> {
  const page: Paged<Account> = await accounts.listAccounts({ limit, after })
  return ok(toList(page, toWireAccount))
}

export async function showAccount(deps: AccountDeps, accountId: string): Promise<Result<object>> {
  const [account, wallet] = await Promise.all([
    deps.accounts.readAccount(accountId),
    deps.wallets.readWallet(accountId),
  ])
  if (!account || !wallet) return refuse('account_not_found')
  return ok({ ...toWireAccount(account), wallet: toWireWallet(wallet) })
}

export async function creditAccount(
  { accounts, ids, nowMs }: AccountDeps,
  accountId: string,
  draft: z.infer<typeof CreditDraft>,
): Promise<Result<object>> {
  const amount = parseUsd(draft.amount_usd)
  if (amount === undefined || amount === 0n) {
    return refuse('invalid_value', {
      param: 'amount_usd',
      message: 'amount_usd must be a decimal string above 0, such as "25.00".',
    })
  }
  const { kind, reference } = draft
  const atMs = nowMs()
  const credit: Credit = { accountId, entryId: ids.ulid(atMs), kind, amount, reference, atMs }
  const outcome = await accounts.credit(credit)
  switch (outcome.kind) {
    case 'credited':
      return ok(toWireCredit(credit))
    case 'credited_before':
      return isSameCredit(credit, outcome.credit)
        ? ok(toWireCredit(outcome.credit))
        : refuse('reference_reused', { param: 'reference' })
    case 'no_account':
      return refuse('account_not_found')
  }
}

function isSameCredit(one: Credit, other: Credit): boolean {
  return one.accountId === other.accountId && one.amount === other.amount && one.kind === other.kind
}

function toWireAccount({ accountId, name, smoke, createdAtMs }: Account) {
  const created_at = new Date(createdAtMs).toISOString()
  return { object: 'account', id: accountId, name, smoke, created_at }
}

function toWireWallet({ status, available, held, spent, funded, holds }: Wallet) {
  return {
    status,
    available_usd: formatUsd(available),
    held_usd: formatUsd(held),
    spent_usd: formatUsd(spent),
    funded_usd: formatUsd(funded),
    open_holds: holds.size,
  }
}

function toWireCredit({ accountId, entryId, kind, amount, reference, atMs }: Credit) {
  return {
    object: 'credit',
    id: entryId,
    account_id: accountId,
    kind,
    amount_usd: formatUsd(amount),
    reference,
    created_at: new Date(atMs).toISOString(),
  }
}
