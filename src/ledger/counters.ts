/**
 * Limits of a key as counters on its wallet. A counter's name carries its period, so that a new
 * period starts at zero without a reset and without a branch: `sd#3#20261121` is the spend of the
 * account's third key on that UTC day.
 */
import type { NanoUsd } from '../money/nano-usd.ts'
import type { CountedSpend, SpendKind } from './wallet.ts'

export type KeyCaps = {
  readonly keyOrdinal: number
  readonly spendPerDay: NanoUsd | undefined
  readonly spendPerMonth: NanoUsd | undefined
  readonly requestsPerMinute: number | undefined
}

export type LimitKind = 'spend_day' | 'spend_month' | 'rpm'

/** One condition and one addition of the reserve write. */
export type CounterCharge = {
  readonly name: string
  readonly kind: LimitKind
  readonly add: bigint
  readonly cap: bigint
}

/** The counters that a reservation of `amount` at `atMs` must pass and raise. */
export function counterCharges(caps: KeyCaps, amount: NanoUsd, atMs: number): CounterCharge[] {
  const at = { keyOrdinal: caps.keyOrdinal, atMs }
  const charges: CounterCharge[] = []
  if (caps.spendPerDay !== undefined) {
    charges.push({
      name: spendCounter('day', at),
      kind: 'spend_day',
      add: amount,
      cap: caps.spendPerDay,
    })
  }
  if (caps.spendPerMonth !== undefined) {
    charges.push({
      name: spendCounter('month', at),
      kind: 'spend_month',
      add: amount,
      cap: caps.spendPerMonth,
    })
  }
  if (caps.requestsPerMinute !== undefined) {
    const name = `rm#${caps.keyOrdinal}#${digits(atMs, 12)}`
    charges.push({ name, kind: 'rpm', add: 1n, cap: BigInt(caps.requestsPerMinute) })
  }
  return charges
}

export function countedSpend(caps: KeyCaps): CountedSpend | undefined {
  const kinds: SpendKind[] = []
  if (caps.spendPerDay !== undefined) kinds.push('day')
  if (caps.spendPerMonth !== undefined) kinds.push('month')
  return kinds.length === 0 ? undefined : { keyOrdinal: caps.keyOrdinal, kinds }
}

/** The spend counters that get back what a hold did not cost. */
export function spendCountersOf(counted: CountedSpend | undefined, heldAtMs: number): string[] {
  if (!counted) return []
  return counted.kinds.map((kind) => spendCounter(kind, { ...counted, atMs: heldAtMs }))
}

/** Longer than any lease: a hold of a period may still return money to its counter. */
const counterRetentionMs = 3_600_000

/** Counters of periods that ended longer ago than any hold lives. */
export function staleCounters(names: Iterable<string>, nowMs: number): string[] {
  return [...names].filter((name) => {
    const period = name.split('#')[2] ?? ''
    return period < utcDigits(nowMs - counterRetentionMs).slice(0, period.length)
  })
}

export const counterPattern = /^(sd|sm|rm)#\d+#\d+$/

function spendCounter(kind: SpendKind, at: { keyOrdinal: number; atMs: number }): string {
  const [prefix, length] = kind === 'day' ? (['sd', 8] as const) : (['sm', 6] as const)
  return `${prefix}#${at.keyOrdinal}#${digits(at.atMs, length)}`
}

/** UTC time cut to the period: 6 digits for a month, 8 for a day, 12 for a minute. */
function digits(atMs: number, length: 6 | 8 | 12): string {
  return utcDigits(atMs).slice(0, length)
}

const utcDigits = (atMs: number): string => new Date(atMs).toISOString().replace(/\D/g, '')
