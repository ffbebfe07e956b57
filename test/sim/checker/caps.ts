/**
 * S14: no cap is ever exceeded by what is held and used of its period. Periods follow from the time
 * in a hold's id, and an open hold counts with the most that it may use.
 */
import type { Decision } from '../../../src/ledger/ports.ts'
import type { Wallet } from '../../../src/ledger/wallet.ts'
import { verify } from '../engine/violation.ts'
import type { CheckerContext } from './context.ts'
import type { SeenAccount, SeenHold } from './record.ts'

/** When a hold is taken. `tokens`: what it may use of its minute's, where that is counted. */
export function raiseCounters(
  context: CheckerContext,
  account: SeenAccount,
  hold: SeenHold,
  tokens: number | undefined,
): void {
  const caps = context.capsOf(account.accountId, hold.keyOrdinal)
  if (!caps) return
  const atMs = context.timeOfId(hold.holdId)
  const minute = Math.floor(atMs / 60_000)
  const date = new Date(atMs)
  const month = date.getUTCFullYear() * 12 + date.getUTCMonth()
  const key = hold.keyOrdinal
  const raise = (name: string, add: bigint, cap: bigint | number | undefined) => {
    if (cap === undefined) return
    const used = (account.counters.get(name) ?? 0n) + add
    account.counters.set(name, used)
    hold.uses.set(name, add)
    const isWithin = used <= BigInt(cap)
    verify(isWithin, 'S14', () => `${account.accountId} uses ${used} of ${cap} of ${name}`)
  }
  raise(`day ${key} ${Math.floor(atMs / 86_400_000)}`, hold.amount, caps.spendPerDay)
  raise(`month ${key} ${month}`, hold.amount, caps.spendPerMonth)
  raise(`running ${key}`, 1n, caps.concurrency)
  if (context.nowMs() - hold.madeAtMs > lateMs) return
  raise(`requests ${key} ${minute}`, 1n, caps.requestsPerMinute)
  raise(`tokens ${key} ${minute}`, BigInt(tokens ?? 0), caps.tokensPerMinute)
}

/**
 * A hold that took longer than this to arrive belongs to a minute that limits nobody any more, and
 * its counters may be gone. Caps of days and months bind it all the same.
 */
const lateMs = 60_000

/**
 * What the wallet counts of a key's money and running requests is exactly what is used: more would
 * refuse what is allowed, less would allow what is not.
 */
export function checkCounters(
  { timeOfId }: CheckerContext,
  account: SeenAccount,
  hold: SeenHold,
  wallet: Wallet,
): void {
  const atMs = timeOfId(hold.holdId)
  for (const name of hold.uses.keys()) {
    const stored = storedName(name, hold.keyOrdinal, atMs)
    if (stored === undefined || account.dropped.has(stored)) continue
    const counted = wallet.counters.get(stored) ?? 0n
    const used = account.counters.get(name) ?? 0n
    verify(counted === used, 'S14', () => `${stored} counts ${counted}, used is ${used}`)
  }
}

/** Minutes are left out: what is given back to one that is over is given back to nobody. */
function storedName(name: string, keyOrdinal: number, atMs: number): string | undefined {
  const digits = new Date(atMs).toISOString().replaceAll('-', '')
  if (name.startsWith('day')) return `sd#${keyOrdinal}#${digits.slice(0, 8)}`
  if (name.startsWith('month')) return `sm#${keyOrdinal}#${digits.slice(0, 6)}`
  return name.startsWith('running') ? `cc#${keyOrdinal}` : undefined
}

/**
 * Counters were cleaned away: their periods must be closed, or a late hold would count from zero.
 * `names` of those that are gone.
 */
export function checkDropped(
  { timeOfId }: CheckerContext,
  { closedBefore }: Wallet,
  names: readonly string[],
): void {
  const closedMs = closedBefore === undefined ? 0 : timeOfId(closedBefore)
  for (const name of names) {
    const isClosed = periodEndMs(name.split('#')[2] ?? '') <= closedMs
    verify(isClosed, 'S14', () => `${name} is gone, and its period is not closed`)
  }
}

/** Of `202611`, `20261121` or `202611210510`. */
function periodEndMs(digits: string): number {
  const [year, month, day, hour, minute] = [
    Number(digits.slice(0, 4)),
    Number(digits.slice(4, 6)),
    Number(digits.slice(6, 8)),
    Number(digits.slice(8, 10)),
    Number(digits.slice(10, 12)),
  ]
  if (digits.length === 6) return Date.UTC(year, month)
  if (digits.length === 8) return Date.UTC(year, month - 1, day + 1)
  return Date.UTC(year, month - 1, day, hour, minute + 1)
}

/** When a hold has ended: money and tokens count with what was used, a running request no more. */
export function settleCounters(
  account: SeenAccount,
  hold: SeenHold,
  by: { readonly charge: bigint; readonly decision: Decision | undefined },
): void {
  const billed = by.decision?.receipt.body.served?.usage.billed
  const tokens = BigInt((billed?.prompt ?? 0) + (billed?.completion ?? 0))
  for (const [name, used] of hold.uses) {
    const kept = keptOf(name, used, { charge: by.charge, tokens })
    account.counters.set(name, (account.counters.get(name) ?? 0n) - used + kept)
    hold.uses.set(name, kept)
  }
}

function keptOf(name: string, used: bigint, by: { charge: bigint; tokens: bigint }): bigint {
  if (name.startsWith('day') || name.startsWith('month')) return by.charge
  if (name.startsWith('tokens')) return by.tokens < used ? by.tokens : used
  return name.startsWith('requests') ? used : 0n
}
