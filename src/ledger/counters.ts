/**
 * Limits of a key as counters on its wallet. A counter's name carries its period, so that a new
 * period starts at zero without a reset and without a branch: `sd#3#20261121` is the spend of the
 * account's third key on that UTC day. Held counts as used: the reserve adds what the request may
 * use at most, and the end of the hold gives back what it did not.
 */
import type { NanoUsd } from '../money/nano-usd.ts'
import { absurd } from '../protocol/assert.ts'
import type { CountedUse } from './wallet.ts'

export type KeyCaps = {
  readonly keyOrdinal: number
  readonly spendPerDay: NanoUsd | undefined
  readonly spendPerMonth: NanoUsd | undefined
  readonly requestsPerMinute: number | undefined
  readonly tokensPerMinute: number | undefined
  /** Requests of the key that run at the same time. */
  readonly concurrency: number | undefined
  /** Spend is counted also where no cap is on it, so that one set later finds what was spent. */
  readonly isCounted?: boolean | undefined
}

export type LimitKind = 'spend_day' | 'spend_month' | 'rpm' | 'tpm' | 'concurrency'

/** One condition and one addition of the reserve write. */
export type CounterCharge = {
  readonly name: string
  readonly kind: LimitKind
  readonly add: bigint
  readonly cap: bigint
}

/** What the end of a hold gives back to one counter. */
export type CounterReturn = { readonly name: string; readonly back: bigint }

/** What a request may use at most: its hold, and its prompt with the whole window. */
export type Use = { readonly amount: NanoUsd; readonly tokens: number }

type Period = 'month' | 'day' | 'minute'
/** Digits of `20261121T0510` that name the period. */
const periodDigits: Readonly<Record<Period, number>> = { month: 6, day: 8, minute: 12 }

/** One limit of a key at a time, by the counter that counts against it. */
export type CountedLimit = {
  readonly name: string
  readonly kind: LimitKind
  /** Undefined where it is only counted. */
  readonly cap: bigint | undefined
}

/** All that is counted of a key at `atMs`. */
export function countedLimits(caps: KeyCaps, atMs: number): CountedLimit[] {
  const { keyOrdinal, isCounted = false } = caps
  const named = (prefix: string, period: Period) => nameOf(prefix, keyOrdinal, period, atMs)
  const rows = [
    ['spend_day', named('sd', 'day'), caps.spendPerDay],
    ['spend_month', named('sm', 'month'), caps.spendPerMonth],
    ['rpm', named('rm', 'minute'), caps.requestsPerMinute],
    ['tpm', named('tm', 'minute'), caps.tokensPerMinute],
    // A gauge, not a period: it falls when the hold ends.
    ['concurrency', `cc#${keyOrdinal}`, caps.concurrency],
  ] as const
  return rows.flatMap(([kind, name, cap]) => {
    const isKept = cap !== undefined || (isCounted && isSpend(kind))
    return isKept ? [{ name, kind, cap: cap === undefined ? undefined : BigInt(cap) }] : []
  })
}

/** The counters that a reservation of `use` at `atMs` must pass and raise. */
export const counterCharges = (caps: KeyCaps, use: Use, atMs: number): CounterCharge[] =>
  countedLimits(caps, atMs).map(({ name, kind, cap = uncapped }) => ({
    name,
    kind,
    add: addedBy(kind, use),
    cap,
  }))

/** More than all the money there is: what is only counted is refused to nobody. */
const uncapped = 10n ** 30n

export const isSpend = (kind: LimitKind): boolean => kind === 'spend_day' || kind === 'spend_month'

function addedBy(kind: LimitKind, { amount, tokens }: Use): bigint {
  if (isSpend(kind)) return amount
  return kind === 'tpm' ? BigInt(tokens) : 1n
}

/** When the period of a counter at `atMs` is over; undefined for a gauge. */
export function periodEndMs(kind: LimitKind, atMs: number): number | undefined {
  const at = new Date(atMs)
  switch (kind) {
    case 'spend_day':
      return Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate() + 1)
    case 'spend_month':
      return Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1)
    case 'rpm':
    case 'tpm':
      return (Math.floor(atMs / minuteMs) + 1) * minuteMs
    case 'concurrency':
      return undefined
    default:
      return absurd(kind)
  }
}

/** What the hold remembers of it; whose hold it is, also where nothing has to be given back. */
export const countedUse = (caps: KeyCaps, { tokens }: Use): CountedUse => ({
  keyOrdinal: caps.keyOrdinal,
  spendDay: caps.isCounted || caps.spendPerDay !== undefined,
  spendMonth: caps.isCounted || caps.spendPerMonth !== undefined,
  concurrency: caps.concurrency !== undefined,
  tokens: caps.tokensPerMinute === undefined ? undefined : tokens,
})

/** What the end of a hold gives back: money and tokens that were not used, and its place. */
export function counterReturns(
  counted: CountedUse | undefined,
  unused: { readonly amount: NanoUsd; readonly tokensUsed: number },
  at: { readonly heldAtMs: number; readonly nowMs: number },
): CounterReturn[] {
  if (!counted) return []
  const { keyOrdinal, tokens } = counted
  const named = (prefix: string, period: Period) => nameOf(prefix, keyOrdinal, period, at.heldAtMs)
  const returns: CounterReturn[] = []
  if (counted.spendDay) returns.push({ name: named('sd', 'day'), back: unused.amount })
  if (counted.spendMonth) returns.push({ name: named('sm', 'month'), back: unused.amount })
  if (counted.concurrency) returns.push({ name: `cc#${keyOrdinal}`, back: 1n })
  // A minute that is over limits nothing any more, and its counter may be gone.
  if (tokens !== undefined && isLiveMinute(at)) {
    const back = BigInt(Math.max(0, tokens - unused.tokensUsed))
    returns.push({ name: named('tm', 'minute'), back })
  }
  return returns
}

/**
 * Minute counters that no gateway can still be counting on, for the reserve write to take along: two
 * clocks are at most 2 minutes apart, and a reserve takes less than one from its id to its arrival.
 */
export function pastMinuteCounters(caps: KeyCaps, atMs: number): string[] {
  const prefixes = [
    ...(caps.requestsPerMinute === undefined ? [] : ['rm']),
    ...(caps.tokensPerMinute === undefined ? [] : ['tm']),
  ]
  return prefixes.flatMap((prefix) =>
    minutesTakenAlong.map((minutes) =>
      nameOf(prefix, caps.keyOrdinal, 'minute', atMs - minutes * minuteMs),
    ),
  )
}

/** Counters of periods that ended before `endedMs`. */
export function staleCounters(names: Iterable<string>, endedMs: number): string[] {
  const oldest = utcDigits(endedMs)
  return [...names].filter((name) => {
    const period = name.split('#')[2]
    return period !== undefined && period < oldest.slice(0, period.length)
  })
}

export const counterPattern = /^((sd|sm|rm|tm)#\d+#\d+|cc#\d+)$/

const minuteMs = 60_000
const minutesTakenAlong = [4, 5, 6, 7]
/** How far a clock may be off that decides about money. */
export const clockErrorMsMax = 60_000

function isLiveMinute({ heldAtMs, nowMs }: { heldAtMs: number; nowMs: number }): boolean {
  return nowMs < heldAtMs + 2 * minuteMs
}

const nameOf = (prefix: string, keyOrdinal: number, period: Period, atMs: number): string =>
  `${prefix}#${keyOrdinal}#${utcDigits(atMs).slice(0, periodDigits[period])}`

/** Year, month, day, hour and minute: `202611220125`. Cut out by place, because each reserve names a dozen. */
function utcDigits(atMs: number): string {
  const iso = new Date(atMs).toISOString()
  return `${iso.slice(0, 4)}${iso.slice(5, 7)}${iso.slice(8, 10)}${iso.slice(11, 13)}${iso.slice(14, 16)}`
}
