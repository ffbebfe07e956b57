/**
 * An operator's own tests: a smoke key may name a customer in a header, and that customer pays. Only
 * accounts that are flagged for it can be named, and their wallets count what all smoke keys together
 * take of them in a day.
 */
import type { CustomerKey } from '../keys/api-key.ts'
import type { Account, SweepStore } from '../ledger/ports.ts'
import { nanoUsdPerUsd, parseUsd } from '../money/nano-usd.ts'
import { AccountId } from '../protocol/ids.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import type { FreshCache } from './fresh-cache.ts'

export type SmokeDeps = {
  /** By account id; a few seconds old at most. */
  readonly accounts: FreshCache<Account>
}

export const customerHeader = 'x-b3iq-customer'

export const customerNotAllowed = refuse('customer_header_not_allowed', {
  param: 'X-B3IQ-Customer',
})

/** Under which the named wallet counts: its own keys begin at 1. */
const smokeOrdinal = 0
const usualCapPerDay = nanoUsdPerUsd

export const isSmokeUse = ({ ordinal }: CustomerKey): boolean => ordinal === smokeOrdinal

/** The smoke key as a key of the customer that it names: one refusal for whatever forbids it. */
export async function asCustomer(
  { accounts }: SmokeDeps,
  key: CustomerKey,
  customer: string,
): Promise<Result<CustomerKey>> {
  const mayTry = key.scopes.includes('smoke') && AccountId.safeParse(customer).success
  const [own, named] = mayTry
    ? await Promise.all([accounts(key.accountId), accounts(customer)])
    : []
  if (!own?.smoke || !named?.smoke) return customerNotAllowed
  return ok({
    ...key,
    accountId: named.accountId,
    ordinal: smokeOrdinal,
    spendPerDay: capPerDay(key),
    asItself: { accountId: key.accountId, ordinal: key.ordinal },
  })
}

/**
 * Whether the key still stands on the wallet of its own account, as it is now. The hold is taken on the named
 * one, which knows nothing of it; whoever cannot be told does not pay.
 */
export async function checkSmokeKey(
  { wallets }: { readonly wallets: Pick<SweepStore, 'readWallet'> },
  { asItself, secret, version }: CustomerKey,
): Promise<Result<undefined>> {
  if (!asItself) return ok(undefined)
  const { accountId, ordinal } = asItself
  const wallet = await wallets.readWallet(accountId)
  if (!wallet) return refuse('no_billing_identity')
  if (wallet.status !== 'active') return refuse('account_suspended')
  const isReplaced = secret < (wallet.oldestSecrets.get(ordinal) ?? 0)
  if (isReplaced || wallet.revokedKeyOrdinals.has(ordinal)) return refuse('invalid_api_key')
  // Its limits were changed since it was read.
  const isStale = version < (wallet.limitVersions.get(ordinal) ?? 0)
  return isStale ? refuse('ledger_unavailable', { retryAfterSec: 5 }) : ok(undefined)
}

function capPerDay({ policy, spendPerDay }: CustomerKey): bigint {
  const usd = policy.smoke_usd_per_day
  const cap = (usd === undefined ? undefined : parseUsd(usd)) ?? usualCapPerDay
  return spendPerDay !== undefined && spendPerDay < cap ? spendPerDay : cap
}
