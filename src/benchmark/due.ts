/**
 * Which profiles are to be measured now: those that lack nothing but evidence, and those whose
 * evidence runs out soon. Pure functions of stored facts and the clock.
 */
import type { PricedModel } from '../catalogue/model.ts'
import type { BenchmarkRuns, NodeProfile, ObservedBenchmark } from '../fleet/node.ts'
import { type FleetRow, judgeNode } from '../fleet/pool.ts'
import { sha256Hex } from '../protocol/canonical.ts'
import { dayMs } from '../protocol/clock.ts'
import type { BenchmarkBudget } from './budget.ts'

const evidenceBlockers = new Set([
  'benchmark_missing',
  'benchmark_expired',
  'benchmark_void',
  'benchmark_stale',
])
/** Renewed before it expires, so that an earning profile has no gap. */
const renewBeforeMs = 2 * 60 * 60 * 1000
/** Nodes that were measured together are measured again over this part of their evidence's life. */
const spread = 0.1

export type DueProfile = {
  readonly row: FleetRow
  readonly profile: NodeProfile
  /** It sells nothing until it is measured. */
  readonly isClosed: boolean
}

export function dueProfiles(
  row: FleetRow,
  models: readonly PricedModel[],
  at: {
    readonly nowMs: number
    readonly budget: Pick<BenchmarkBudget, 'runsPerDay' | 'retryAfterMs'>
  },
): DueProfile[] {
  const { nowMs, budget } = at
  // Two runs at a time on one node would measure each other.
  if (row.profiles.some((profile) => isUnderWay(profile.benchmarkRuns, nowMs))) return []
  const runsLeft = budget.runsPerDay - runsWithinDay(row.profiles, nowMs)
  // A grace is for serving customers on; whoever is silent is not measured.
  return judgeNode(row, models, { nowMs, grace: undefined })
    .flatMap(({ profile, eligibility }) => {
      const isClosed = !eligibility.eligible
      const isDue = isClosed
        ? eligibility.blockers.every(({ code }) => evidenceBlockers.has(code))
        : profile.benchmark !== undefined && nowMs >= renewAtMs(profile.benchmark, profile.nodeId)
      return isDue ? [{ row, profile, isClosed }] : []
    })
    .filter(({ profile }) => nowMs - triedAtMs(profile) >= budget.retryAfterMs)
    .filter(({ profile }) => row.hot?.queues[profile.runtimeId]?.health === 'ok')
    .slice(0, Math.max(0, runsLeft))
}

/** When evidence is renewed: the same for one node every time, and spread over all of them. */
export function renewAtMs(benchmark: ObservedBenchmark, nodeId: string): number {
  const lifeMs = benchmark.expiresAtMs - benchmark.atMs
  const share = Number.parseInt(sha256Hex(nodeId).slice(0, 8), 16) / 2 ** 32
  return benchmark.expiresAtMs - renewBeforeMs - Math.floor(lifeMs * spread * share)
}

/** What sells nothing comes first, then who has waited longest since its last try. */
export function byNeed(one: DueProfile, other: DueProfile): number {
  if (one.isClosed !== other.isClosed) return one.isClosed ? -1 : 1
  return triedAtMs(one.profile) - triedAtMs(other.profile)
}

const triedAtMs = ({ benchmarkRuns }: NodeProfile): number =>
  benchmarkRuns?.triedAtMs ?? Number.NEGATIVE_INFINITY

const isUnderWay = (runs: BenchmarkRuns | undefined, nowMs: number): boolean =>
  runs !== undefined && nowMs < runs.leaseUntilMs

function runsWithinDay(profiles: readonly NodeProfile[], nowMs: number): number {
  return profiles.reduce((sum, { benchmarkRuns }) => sum + lastDay(benchmarkRuns, nowMs).length, 0)
}

const lastDay = (runs: BenchmarkRuns | undefined, nowMs: number): number[] =>
  (runs?.startedAtMs ?? []).filter((atMs) => nowMs - atMs < dayMs)

/** The stored record as a run begins: nobody else starts one until it ends, or its lease does. */
export function runBegun(
  before: BenchmarkRuns | undefined,
  at: { readonly nowMs: number; readonly untilMs: number },
): BenchmarkRuns {
  const { nowMs, untilMs } = at
  const startedAtMs = [...lastDay(before, nowMs), nowMs].slice(-runsKept)
  return { startedAtMs, triedAtMs: nowMs, leaseUntilMs: untilMs }
}

/** Room for more than a day's runs; a laptop's are not all remembered. */
const runsKept = 8

/** As it ends. A run that the host never answered costs it none of its day. */
export function runEnded(begun: BenchmarkRuns, isCounted: boolean): BenchmarkRuns {
  const { startedAtMs, triedAtMs } = begun
  return {
    startedAtMs: isCounted ? startedAtMs : startedAtMs.filter((atMs) => atMs !== triedAtMs),
    triedAtMs,
    leaseUntilMs: 0,
  }
}
