/** Where a history takes place: when, how slow, who with which limits, and how many of each. */
import { latencyScalesMs } from './engine/faults.ts'
import type { Stream } from './engine/random.ts'

export type Caps = {
  readonly spendPerDay: bigint | undefined
  readonly spendPerMonth: bigint | undefined
  readonly requestsPerMinute: number | undefined
  readonly tokensPerMinute: number | undefined
  readonly concurrency: number | undefined
}

export type CustomerSetting = {
  readonly keys: readonly Caps[]
  /** Some customers own a host; theirs earns nothing from them. */
  readonly ownsNode: boolean
}

export type Setting = {
  readonly startMs: number
  readonly latencyScaleMs: number
  readonly deadlineMs: number
  /** Operations begin within this time. */
  readonly activeMs: number
  readonly customers: readonly CustomerSetting[]
  readonly nodes: number
  readonly gateways: number
}

/** Beyond a hold's expiry, so that two clocks a minute off cannot cut a lease short. */
export const graceMs = 120_000

export const leaseMsOf = ({ deadlineMs }: Setting): number => deadlineMs + graceMs

/** About what an ordinary request holds, so that caps and balances are felt. */
export const usualHold = 400_000n

export function drawSetting(draws: Stream): Setting {
  const activeMs = draws.pick([20_000, 120_000, 600_000, 1_800_000, 3_600_000])
  return {
    startMs: drawStart(draws, activeMs),
    latencyScaleMs: draws.pick(latencyScalesMs),
    deadlineMs: draws.pick([20_000, 120_000, 300_000]),
    activeMs,
    customers: Array.from({ length: draws.between(1, 3) }, () => drawCustomer(draws)),
    nodes: draws.between(1, 3),
    gateways: draws.between(1, 4),
  }
}

const dayMs = 86_400_000
const novemberMs = Date.UTC(2026, 10, 1)

/** One history in three sees a midnight, and a few of these the end of a month. */
function drawStart(draws: Stream, activeMs: number): number {
  const day = draws.chance(0.1) ? 30 : draws.between(1, 29)
  const atMs = draws.below(dayMs)
  const crosses = draws.chance(0.35)
  const before = draws.below(activeMs)
  return novemberMs + day * dayMs + (crosses ? -before : atMs)
}

function drawCustomer(draws: Stream): CustomerSetting {
  const ownsNode = draws.chance(0.15)
  return { ownsNode, keys: Array.from({ length: draws.between(1, 2) }, () => drawCaps(draws)) }
}

function drawCaps(draws: Stream): Caps {
  const sometimes = <T>(value: T): T | undefined => (draws.chance(0.3) ? value : undefined)
  return {
    spendPerDay: sometimes((usualHold * BigInt(draws.between(2, 12))) / 2n),
    spendPerMonth: sometimes((usualHold * BigInt(draws.between(2, 16))) / 2n),
    requestsPerMinute: sometimes(draws.between(1, 4)),
    tokensPerMinute: sometimes(draws.between(200, 3_000)),
    concurrency: sometimes(draws.between(1, 3)),
  }
}
