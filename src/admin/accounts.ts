/** Customers: who they are, and whether they may spend. */
import * as z from 'zod'
import { isoTime } from '../http/iso-time.ts'
import type { Account, AccountEditor, AccountStore, Paged, SweepStore } from '../ledger/ports.ts'
import type { Wallet } from '../ledger/wallet.ts'
import { formatUsd } from '../money/nano-usd.ts'
import { AccountTags } from '../protocol/account.ts'
import type { Ids, NowMs } from '../protocol/clock.ts'
import { OwnerId } from '../protocol/ids.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import type { SpotCheckStore } from '../spot-checks/ports.ts'
import { pageFields, toList } from './page.ts'

export type AccountDeps = {
  readonly accounts: AccountStore & AccountEditor
  readonly wallets: Pick<SweepStore, 'readWallet'>
  readonly spotChecks: Pick<SpotCheckStore, 'readPlatformAccount'>
  readonly ids: Ids
  readonly nowMs: NowMs
}

const AccountName = z.string().trim().min(1).max(128)

export const AccountDraft = z.strictObject({
  name: AccountName,
  /** For the operator's own tests: smoke keys may spend of it. */
  smoke: z.boolean().default(false),
  /** The host owner that this customer also is: its own hosts earn nothing from it. */
  owner_id: OwnerId.optional(),
  tags: AccountTags.default({}),
})

/** What is left out stays; tags change all together. */
export const AccountPatch = z
  .strictObject({
    name: AccountName,
    smoke: z.boolean(),
    owner_id: OwnerId.nullable(),
    tags: AccountTags,
    status: z.enum(['active', 'suspended']),
  })
  .partial()
  .refine((patch) => Object.keys(patch).length > 0, 'name at least one field to change')

export const AccountQuery = z.strictObject(pageFields)

export async function createAccount(
  { accounts, ids, nowMs }: AccountDeps,
  { owner_id: ownerId, ...draft }: z.infer<typeof AccountDraft>,
): Promise<Result<object>> {
  const createdAtMs = nowMs()
  const accountId = `acct_${ids.ulid(createdAtMs)}`
  const account: Account = { accountId, ...draft, ownerId, createdAtMs }
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

/** Every reserve reads the status, so paid use has stopped when this returns. */
export async function changeAccount(
  deps: AccountDeps,
  accountId: string,
  { owner_id: ownerId, ...patch }: z.infer<typeof AccountPatch>,
): Promise<Result<object>> {
  const isOwned = typeof ownerId === 'string'
  if (isOwned && accountId === (await deps.spotChecks.readPlatformAccount())) {
    return refuse('invalid_value', {
      param: 'owner_id',
      message:
        'owner_id: this is the platform account, from which the hosts of its owner would earn nothing. Name another one first.',
    })
  }
  const isThere = await deps.accounts.changeAccount(accountId, { ...patch, ownerId })
  return isThere ? showAccount(deps, accountId) : refuse('account_not_found')
}

function toWireAccount({ accountId, name, smoke, ownerId, createdAtMs, tags = {} }: Account) {
  const created_at = isoTime(createdAtMs)
  const owner_id = ownerId ?? null
  return { object: 'account', id: accountId, name, smoke, owner_id, tags, created_at }
}

function toWireWallet({ status, available, held, spent, funded, granted, holds }: Wallet) {
  return {
    status,
    available_usd: formatUsd(available),
    held_usd: formatUsd(held),
    spent_usd: formatUsd(spent),
    funded_usd: formatUsd(funded),
    granted_usd: formatUsd(granted),
    open_holds: holds.size,
  }
}
