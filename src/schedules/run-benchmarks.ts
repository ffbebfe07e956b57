/**
 * Finds the profiles that are due for an observed benchmark and measures them, a few at a time. Each
 * run is leased on its profile: whoever reads the same fleet meanwhile leaves that node alone. What
 * does not fit into one run of the schedule is due in the next.
 */

import type { BenchmarkBudget } from '../benchmark/budget.ts'
import { payWherePossible } from '../benchmark/dispatch.ts'
import { byNeed, type DueProfile, dueProfiles, runBegun, runEnded } from '../benchmark/due.ts'
import { evidenceOf } from '../benchmark/evidence.ts'
import type { Dispatch } from '../benchmark/exchange.ts'
import { measure, type Unmeasured } from '../benchmark/measure.ts'
import type { SessionDeps } from '../benchmark/session.ts'
import { type PricedModel, profileOf } from '../catalogue/model.ts'
import { candidateWith } from '../fleet/pool.ts'
import type { CatalogueStore, FleetStore } from '../fleet/ports.ts'
import { forEachBounded } from './bounded.ts'

export type RunBenchmarksDeps = Omit<SessionDeps, 'dispatch'> & {
  readonly unpaid: Dispatch
  /** Undefined where the platform has no account, or no key of it, that could pay. */
  readonly findPaid: () => Promise<Dispatch | undefined>
  readonly fleet: Pick<FleetStore, 'rows' | 'writeBenchmark' | 'changeBenchmarkRuns'>
  readonly catalogue: Pick<CatalogueStore, 'listModels'>
  readonly budget: BenchmarkBudget
  /** Told of each run that brought no evidence. */
  readonly onUnmeasured: (run: UnmeasuredRun) => void
}

export type UnmeasuredRun = {
  readonly nodeId: string
  readonly profileId: string
  readonly why: Unmeasured['why'] | 'unknown_build' | 'fault'
  readonly last: string | undefined
}

/** `postponed`: due, but more than one run of the schedule has time for; counted up to a bound. */
export type RunBenchmarksReport = {
  readonly run: number
  readonly passed: number
  /** Of those that passed: runs that the host was not paid for, or not wholly. */
  readonly unpaid: number
  readonly postponed: number
}

/** Hosts measured at a time: more would have more open holds than the platform's wallet has room for. */
const concurrency = 4
/** Due profiles kept in mind; a fleet that is due as a whole is measured over many runs. */
const dueKept = 64
/** A run begins only while it can end within the life of the schedule's function. */
const startWithinMs = 30_000
/** How long a run's lease outlives it: the database may be slow to hear of its end. */
const leaseMarginMs = 30_000

export async function runBenchmarks(deps: RunBenchmarksDeps): Promise<RunBenchmarksReport> {
  const startedAtMs = deps.nowMs()
  const models = await deps.catalogue.listModels()
  const due = await dueIn(deps, models)
  const report = { run: 0, passed: 0, unpaid: 0, postponed: 0 }
  const paid = due.length > 0 ? await deps.findPaid() : undefined
  await forEachBounded(byNode(due), concurrency, async (profiles) => {
    for (const one of profiles) {
      if (deps.nowMs() - startedAtMs > startWithinMs) {
        report.postponed += 1
        continue
      }
      const result = await runOne(deps, one, { models, paid })
      // Whoever took this one may be measuring the node at this moment.
      if (result === 'taken') break
      report.run += 1
      if (result === 'failed') continue
      report.passed += 1
      if (!result.isPaid) report.unpaid += 1
    }
  })
  return report
}

/** The most needy profiles of the fleet; of what else is due, only these are remembered. */
async function dueIn(
  deps: RunBenchmarksDeps,
  models: readonly PricedModel[],
): Promise<DueProfile[]> {
  let due: DueProfile[] = []
  for await (const row of deps.fleet.rows()) {
    due.push(...dueProfiles(row, models, { nowMs: deps.nowMs(), budget: deps.budget }))
    if (due.length >= 2 * dueKept) due = due.sort(byNeed).slice(0, dueKept)
  }
  return due.sort(byNeed).slice(0, dueKept)
}

/** Profiles of one node go one after another: together they would measure each other. */
const byNode = (due: readonly DueProfile[]): Iterable<DueProfile[]> =>
  Map.groupBy(due, ({ row }) => row.node.nodeId).values()

/** What all runs of one schedule's run share. */
type Means = { readonly models: readonly PricedModel[]; readonly paid: Dispatch | undefined }

/** `taken`: somebody else measures it, or its record changed since it was read. */
async function runOne(
  deps: RunBenchmarksDeps,
  due: DueProfile,
  means: Means,
): Promise<'taken' | 'failed' | { readonly isPaid: boolean }> {
  const { profile } = due
  const nowMs = deps.nowMs()
  const begun = runBegun(profile.benchmarkRuns, {
    nowMs,
    untilMs: nowMs + deps.budget.durationMs + leaseMarginMs,
  })
  const lease = { from: profile.benchmarkRuns, to: begun }
  if (!(await deps.fleet.changeBenchmarkRuns(profile, lease))) return 'taken'
  const tried = await observe(deps, due, means).catch((error: unknown) => {
    const last = error instanceof Error ? error.message : 'fault'
    return { passed: false, why: 'fault', last, isCounted: true } as const
  })
  if (!tried.passed) {
    const { nodeId, profileId } = profile
    deps.onUnmeasured({ nodeId, profileId, why: tried.why, last: tried.last })
  }
  const ended = { from: begun, to: runEnded(begun, tried.isCounted) }
  await deps.fleet.changeBenchmarkRuns(profile, ended)
  return tried.passed ? { isPaid: tried.isPaid } : 'failed'
}

type Tried =
  | { readonly passed: true; readonly isCounted: true; readonly isPaid: boolean }
  | ({ readonly passed: false; readonly isCounted: boolean } & Pick<UnmeasuredRun, 'why' | 'last'>)

async function observe(
  deps: RunBenchmarksDeps,
  { row, profile }: DueProfile,
  { models, paid }: Means,
): Promise<Tried> {
  const { node, hot } = row
  const model = models.find(({ id }) => id === profile.model)
  const manifest = model && profileOf(model, profile)
  if (!model || !manifest || !hot) return unknown
  const target = { candidate: candidateWith(node, profile, noEvidence), model, manifest }
  const { dispatch, isPaid } = payWherePossible(paid, deps.unpaid)
  const measured = await measure({ ...deps, dispatch }, target, deps.budget)
  if (measured.kind === 'unmeasured') {
    const { why, last } = measured
    return { passed: false, isCounted: why !== 'no_answer', why, last }
  }
  const benchmark = evidenceOf({ node, hot, profile }, measured, {
    atMs: deps.nowMs(),
    isPaid: isPaid(),
  })
  if (!benchmark) return unknown
  await deps.fleet.writeBenchmark(profile, benchmark)
  return { passed: true, isCounted: true, isPaid: isPaid() }
}

const unknown: Tried = {
  passed: false,
  isCounted: false,
  why: 'unknown_build',
  last: undefined,
}

/** A profile under measurement has none yet. */
const noEvidence = { benchmarkId: '', firstContentP50Ms: 0, tokensPerSecondP50: 0 }
