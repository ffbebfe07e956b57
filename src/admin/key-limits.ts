/** Limits of a key between the wire, where money is a decimal string, and the ledger, where it is whole. */
import type { CustomerKey } from '../keys/api-key.ts'
import { formatUsd, type NanoUsd, parseUsd } from '../money/nano-usd.ts'
import type { KeyLimits, KeyLimitsChange } from '../protocol/account.ts'
import { assert } from '../protocol/assert.ts'

type LimitFields = Pick<
  CustomerKey,
  'spendPerDay' | 'spendPerMonth' | 'requestsPerMinute' | 'tokensPerMinute' | 'concurrency'
>

/** The limits as they are after the change; null takes one away. */
export function withLimits(before: LimitFields, change: KeyLimits | KeyLimitsChange): LimitFields {
  return {
    spendPerDay: changed(before.spendPerDay, toNanoUsd(change.spend_usd_per_day)),
    spendPerMonth: changed(before.spendPerMonth, toNanoUsd(change.spend_usd_per_month)),
    requestsPerMinute: changed(before.requestsPerMinute, change.requests_per_minute),
    tokensPerMinute: changed(before.tokensPerMinute, change.tokens_per_minute),
    concurrency: changed(before.concurrency, change.concurrency),
  }
}

export const noLimits: LimitFields = {
  spendPerDay: undefined,
  spendPerMonth: undefined,
  requestsPerMinute: undefined,
  tokensPerMinute: undefined,
  concurrency: undefined,
}

export const toWireLimits = (limits: LimitFields) => ({
  spend_usd_per_day: toUsd(limits.spendPerDay),
  spend_usd_per_month: toUsd(limits.spendPerMonth),
  requests_per_minute: limits.requestsPerMinute ?? null,
  tokens_per_minute: limits.tokensPerMinute ?? null,
  concurrency: limits.concurrency ?? null,
})

const changed = <T>(before: T | undefined, change: T | null | undefined): T | undefined =>
  change === undefined ? before : (change ?? undefined)

function toNanoUsd(usd: string | null | undefined): NanoUsd | null | undefined {
  if (usd === null || usd === undefined) return usd
  const amount = parseUsd(usd)
  assert(amount !== undefined, 'the schema lets decimal USD strings alone through')
  return amount
}

const toUsd = (amount: NanoUsd | undefined): string | null =>
  amount === undefined ? null : formatUsd(amount)
