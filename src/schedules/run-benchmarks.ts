/**
 * Finds the profiles that are due for an observed benchmark and measures them, a few at a time. Each
 * run is leased on its profile: whoever reads the same fleet meanwhile leaves that node alone. What
 * does not fit into one run of the schedule is due in the next.
 */

import type { BenchmarkBudget } from '../benchmark/budget.ts'
import { payWherePossible } from '../benchmark/dispatch.ts'
import type { DocumentDispatch } from '../benchmark/document-dispatch.ts'
import { byNeed, type DueProfile, dueProfiles, runBegun, runEnded } from '../benchmark/due.ts'
import { evidenceOf } from '../benchmark/evidence.ts'
import type { Dispatch, Target } from '../benchmark/exchange.ts'
import { type Measured, measure, type Unmeasured } from '../benchmark/measure.ts'
import { type MeasuredDocuments, measureDocuments } from '../benchmark/measure-documents.ts'
import type { SessionDeps } from '../benchmark/session.ts'
import { modalityOfModel, type PricedModel, profileOf } from '../catalogue/model.ts'
import { candidateWith } from '../fleet/pool.ts'
import type { CatalogueStore, FleetStore } from '../fleet/ports.ts'
import { measuringPausedBy } from '../incidents/paused.ts'
import type { ReadIncidents } from '../incidents/ports.ts'
import { forEachBounded } from './bounded.ts'

export type RunBenchmarksDeps = Omit<SessionDeps, 'dispatch'> & {
  readonly unpaid: Dispatch
  /** Undefined where the platform has no account, or no key of it, that could pay. */
  readonly findPaid: () => Promise<Dispatch | undefined>
  /** The same two for models that answer documents. */
  readonly unpaidDocuments: DocumentDispatch
  readonly findPaidDocuments: () => Promise<DocumentDispatch | undefined>
  readonly fleet: Pick<FleetStore, 'rows' | 'writeBenchmark' | 'changeBenchmarkRuns'>
  readonly catalogue: Pick<CatalogueStore, 'listModels'>
  readonly budget: BenchmarkBudget
  /** What operators paused is not measured. */
  readonly readIncidents: ReadIncidents
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
  const paidDocuments = due.length > 0 ? await deps.findPaidDocuments() : undefined
  await forEachBounded(byNode(due), concurrency, async (profiles) => {
    for (const one of profiles) {
      if (deps.nowMs() - startedAtMs > startWithinMs) {
        report.postponed += 1
        continue
      }
      if (await isPaused(deps, one)) {
        report.postponed += 1
        continue
      }
      const result = await runOne(deps, one, { models, paid, paidDocuments })
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
  const incidents = await deps.readIncidents()
  for await (const row of deps.fleet.rows()) {
    const nowMs = deps.nowMs()
    const isOpen = ({ profile }: DueProfile) =>
      !measuringPausedBy(incidents, { node: row.node, profile }, nowMs)
    due.push(...dueProfiles(row, models, { nowMs, budget: deps.budget }).filter(isOpen))
    if (due.length >= 2 * dueKept) due = due.sort(byNeed).slice(0, dueKept)
  }
  return due.sort(byNeed).slice(0, dueKept)
}

/** Asked again before each run: others may have taken minutes since the fleet was read. */
const isPaused = async (deps: RunBenchmarksDeps, { row, profile }: DueProfile): Promise<boolean> =>
  measuringPausedBy(await deps.readIncidents(), { node: row.node, profile }, deps.nowMs()) !==
  undefined

/** Profiles of one node go one after another: together they would measure each other. */
const byNode = (due: readonly DueProfile[]): Iterable<DueProfile[]> =>
  Map.groupBy(due, ({ row }) => row.node.nodeId).values()

/** What all runs of one schedule's run share. */
type Means = {
  readonly models: readonly PricedModel[]
  readonly paid: Dispatch | undefined
  readonly paidDocuments: DocumentDispatch | undefined
}

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
  { models, ...means }: Means,
): Promise<Tried> {
  const { node, hot } = row
  const model = models.find(({ id }) => id === profile.model)
  const manifest = model && profileOf(model, profile)
  if (!model || !manifest || !hot) return unknown
  const target = { candidate: candidateWith(node, profile, noEvidence), model, manifest }
  const { measured, isPaid } = await measureByModality(deps, target, means)
  if (measured.kind === 'unmeasured') {
    const { why, last } = measured
    return { passed: false, isCounted: why !== 'no_answer', why, last }
  }
  const benchmark = evidenceOf({ node, hot, profile }, measured, {
    atMs: deps.nowMs(),
    isPaid,
  })
  if (!benchmark) return unknown
  await deps.fleet.writeBenchmark(profile, benchmark)
  return { passed: true, isCounted: true, isPaid }
}

/** Each kind of model by its own endpoint, with nothing in common but who pays. */
async function measureByModality(
  deps: RunBenchmarksDeps,
  target: Target,
  { paid, paidDocuments }: Omit<Means, 'models'>,
): Promise<{
  readonly measured: Measured | MeasuredDocuments | Unmeasured
  readonly isPaid: boolean
}> {
  const { budget } = deps
  const modality = modalityOfModel(target.model)
  if (modality === 'text') {
    const { dispatch, isPaid } = payWherePossible(paid, deps.unpaid)
    const measured = await measure({ ...deps, dispatch }, target, budget)
    return { measured, isPaid: isPaid() }
  }
  const { dispatch, isPaid } = payWherePossible(paidDocuments, deps.unpaidDocuments)
  const measured = await measureDocuments({ ...deps, dispatch }, target, { modality, budget })
  return { measured, isPaid: isPaid() }
}

const unknown: Tried = {
  passed: false,
  isCounted: false,
  why: 'unknown_build',
  last: undefined,
}

/** A profile under measurement has none yet. */
const noEvidence = { benchmarkId: '', firstContentP50Ms: 0, tokensPerSecondP50: 0 }
