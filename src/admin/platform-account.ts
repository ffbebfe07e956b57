/** Whose money pays for what the platform asks hosts on its own behalf. */
import * as z from 'zod'
import type { AccountStore } from '../ledger/ports.ts'
import { AccountId } from '../protocol/ids.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import type { SpotCheckStore } from '../spot-checks/ports.ts'

export type PlatformAccountDeps = {
  readonly accounts: Pick<AccountStore, 'readAccount'>
  readonly spotChecks: Pick<SpotCheckStore, 'writePlatformAccount'>
}

export const PlatformAccount = z.strictObject({ account_id: AccountId })

/** Spot checks use its keys with the scope `inference`; without one, or without money, none is made. */
export async function setPlatformAccount(
  { accounts, spotChecks }: PlatformAccountDeps,
  { account_id: accountId }: z.infer<typeof PlatformAccount>,
): Promise<Result<object>> {
  const account = await accounts.readAccount(accountId)
  if (!account) return refuse('account_not_found', { param: 'account_id' })
  if (account.ownerId !== undefined) {
    return refuse('invalid_value', {
      param: 'account_id',
      message: 'account_id is of a host owner, whose own hosts would earn nothing from it.',
    })
  }
  await spotChecks.writePlatformAccount(accountId)
  return ok({ object: 'platform_account', account_id: accountId })
}
