/**
 * An operator's own tests: a smoke key may name a customer in a header, and that customer pays. Only
 * accounts that are flagged for it can be named, and their wallets count what all smoke keys together
 * take of them in a day.
 */
import type { CustomerKey } from '../keys/api-key.ts'
import type { Account } from '../ledger/ports.ts'
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
  })
}

function capPerDay({ policy, spendPerDay }: CustomerKey): bigint {
  const usd = policy.smoke_usd_per_day
  const cap = (usd === undefined ? undefined : parseUsd(usd)) ?? usualCapPerDay
  return spendPerDay !== undefined && spendPerDay < cap ? spendPerDay : cap
}
