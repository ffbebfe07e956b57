/**
 * From what was measured to dollars: pure sums over the published prices. One `Line` is one thing that
 * AWS bills; whoever wants the always-free allotments taken off says so once, over all lines together.
 */
import { prices } from '../../infra/observability/prices.ts'
import type { Use } from './measured.ts'

export type PriceName = keyof typeof prices

export type Line = {
  /** What of B3IQ uses it, such as `expire-heartbeats`. */
  readonly user: string
  readonly price: PriceName
  /** In the price's own unit, per month or per million, as the list says. */
  readonly amount: number
}

/** What cannot be measured without an account. */
export const assumed = {
  /** A call to DynamoDB from Lambda in its region, one after another. */
  databaseCallMs: 5,
  /** Lambda gives a whole core at this much memory, and shares of it below. */
  memoryMbOfOneCore: 1_769,
  /** What the JSON log format and CloudWatch add to each line. */
  logLineBytes: 150,
} as const

export const hoursPerMonth = 730
export const minutesPerMonth = hoursPerMonth * 60
const bytesPerGb = 1024 ** 3

export const usdOf = ({ price, amount }: Line): number => amount * Number(prices[price].amountUsd)

export const sumOf = (lines: readonly Line[]): number =>
  lines.reduce((sum, line) => sum + usdOf(line), 0)

/** What is left to pay of a month in an account that uses its allotments for nothing else. */
export function sumAfterFree(lines: readonly Line[]): number {
  const amounts = new Map<PriceName, number>()
  for (const { price, amount } of lines) amounts.set(price, (amounts.get(price) ?? 0) + amount)
  return [...amounts].reduce((sum, [price, amount]) => {
    const { amountUsd, freePerMonth } = prices[price]
    return sum + Math.max(0, amount - freePerMonth) * Number(amountUsd)
  }, 0)
}

/** How long a function with `memoryMb` takes for what one core did in `cpuMs`, waits of calls included. */
export function durationMs({ cpuMs, calls }: Pick<Use, 'cpuMs' | 'calls'>, memoryMb: number) {
  const share = Math.min(1, memoryMb / assumed.memoryMbOfOneCore)
  return cpuMs / share + calls * assumed.databaseCallMs
}

export type Invocations = {
  readonly user: string
  readonly use: Use
  readonly memoryMb: number
  readonly count: number
  /** Beside its work: sleeping between passes, or waiting for a host's words. */
  readonly waitMs?: number
}

/** Invocations of a function and what each uses. */
export function invoked({ user, use, memoryMb, count, waitMs = 0 }: Invocations): readonly Line[] {
  const billedMs = durationMs(use, memoryMb) + waitMs
  return [
    { user, price: 'lambdaRequest', amount: count },
    { user, price: 'lambdaGbSecond', amount: (count * billedMs * memoryMb) / 1024 / 1000 },
    ...stored(user, use, count),
  ]
}

/** What is used of the database and of the log, whatever the computing costs. */
export function stored(user: string, use: Omit<Use, 'cpuMs'>, count: number): readonly Line[] {
  const logBytes = use.logBytes + use.logLines * assumed.logLineBytes
  return [
    { user, price: 'writeUnit', amount: count * use.writeUnits },
    { user, price: 'readUnit', amount: count * use.readUnits },
    { user, price: 'logIngestion', amount: gb(count * logBytes) },
    { user, price: 'logStorage', amount: gb(count * logBytes) },
  ]
}

export const gb = (bytes: number): number => bytes / bytesPerGb
