/** Wires the schedules. */
import { makeAccountStore } from '../../src/adapters/dynamodb/account-store.ts'
import { makeCatalogueStore } from '../../src/adapters/dynamodb/catalogue-store.ts'
import { makeClosingStore } from '../../src/adapters/dynamodb/closing-store.ts'
import { makeFleetStore } from '../../src/adapters/dynamodb/fleet-store.ts'
import { makeJobStore } from '../../src/adapters/dynamodb/job-store.ts'
import { makeJournalStore } from '../../src/adapters/dynamodb/journal-store.ts'
import { makeKeyStore } from '../../src/adapters/dynamodb/key-store.ts'
import { makePoolStore } from '../../src/adapters/dynamodb/pool-store.ts'
import { makeReconcileStore } from '../../src/adapters/dynamodb/reconcile-store.ts'
import { makeReputationStore } from '../../src/adapters/dynamodb/reputation-store.ts'
import { makeRolloutStore } from '../../src/adapters/dynamodb/rollout-store.ts'
import { makeSpotCheckStore } from '../../src/adapters/dynamodb/spot-check-store.ts'
import { makeSweepStore } from '../../src/adapters/dynamodb/sweep-store.ts'
import {
  makeFailedStepCount,
  makeFleetMetrics,
  makePoolMetrics,
  makeReconcileMetrics,
  makeSweepMetrics,
} from '../../src/adapters/metrics.ts'
import { deployedBudget, laptopBudget } from '../../src/benchmark/budget.ts'
import { makeUnpaidDispatch, makeUnpaidDocuments } from '../../src/benchmark/dispatch.ts'
import { type LiveSpeedDeps, observeLiveSpeed } from '../../src/benchmark/observe-live-speed.ts'
import type { FleetStore } from '../../src/fleet/ports.ts'
import { type Finding, keptByHeir, passOnFinding } from '../../src/fleet/successors.ts'
import { makeAskOneHost } from '../../src/gateway/ask-one-host.ts'
import { neverCancelled } from '../../src/gateway/cancel-watch.ts'
import { documentOrder } from '../../src/gateway/document-orders.ts'
import { findPaidDispatch, findPaidDocuments } from '../../src/gateway/paid-dispatch.ts'
import type { Log } from '../../src/http/surface.ts'
import { advanceJobs } from '../../src/jobs/advance-jobs.ts'
import { publishedKeysOf } from '../../src/keys/stage-secrets.ts'
import { type SweepDeps, sweep } from '../../src/ledger/sweep.ts'
import type { ScheduleName } from '../../src/names.ts'
import { assert } from '../../src/protocol/assert.ts'
import type { DocumentRequest } from '../../src/protocol/document-request.ts'
import { verifyReceipt } from '../../src/receipts/verify-receipt.ts'
import {
  type KeepDeps,
  learnFromPage,
  learnFromSpotCheck,
} from '../../src/reputation/keep-reputation.ts'
import { type AccrueEarningsDeps, accrueEarnings } from '../../src/schedules/accrue-earnings.ts'
import { closePayouts } from '../../src/schedules/close-payouts.ts'
import { expireHeartbeats } from '../../src/schedules/expire-heartbeats.ts'
import { tellPoolAge } from '../../src/schedules/pool-age.ts'
import { probeRoutes, probeSpreadMs } from '../../src/schedules/probe-routes.ts'
import { recomputeEligibility } from '../../src/schedules/recompute-eligibility.ts'
import { type ReconcileLedgerDeps, reconcileLedger } from '../../src/schedules/reconcile-ledger.ts'
import { runBenchmarks, type UnmeasuredRun } from '../../src/schedules/run-benchmarks.ts'
import { runSpotChecks } from '../../src/schedules/run-spot-checks.ts'
import { runSteps, type StepFailure } from '../../src/schedules/run-steps.ts'
import type { Config } from '../environment.ts'
import { completeDepsOf, readIncidentsOf } from './complete.ts'
import { isOwnTrafficOf } from './own-traffic.ts'
import { attemptDepsOf, type Base, composeBase, log, system } from './parts.ts'
import { recomputeOf, showingEvidence } from './recompute.ts'
import { sweepDepsOf } from './sweep.ts'

/** A run has minutes for all of its checks, so one that hangs is given up sooner than a customer's. */
const spotCheckDeadlineMs = 60_000

type Environment = Readonly<Record<string, string | undefined>>

/** One run of a schedule; the report says what it did. */
export type RunSchedule = () => Promise<object>

/** Each schedule has rights of its own, so each has a database client of its own. */
export async function composeSchedule(env: Environment, name: ScheduleName): Promise<RunSchedule> {
  return runners[name](await composeBase(env, name))
}

const runners: Readonly<Record<ScheduleName, (base: Base) => RunSchedule>> = {
  'expire-heartbeats': ({ database, config }) => {
    const fleet = makeFleetStore(database)
    const pools = { pool: makePoolStore(database), metrics: makePoolMetrics(config.stage) }
    const steps = {
      'pool-age': () => tellPoolAge({ ...system, ...pools }),
      'expire-heartbeats': () => expireHeartbeats({ ...system, fleet, log }),
    }
    const logFailure = failureLogOf(config)
    const onFailure = ({ step, error }: StepFailure) =>
      logFailure('schedule_step_failed', { step, message: messageOf(error) })
    return () => runSteps(steps, onFailure)
  },
  'advance-jobs': ({ database }) => {
    const jobs = makeJobStore(database)
    const rollouts = makeRolloutStore(database)
    return () => advanceJobs({ ...system, jobs, rollouts })
  },
  'recompute-eligibility': ({ database, config }) => {
    const fleet = makeFleetStore(database)
    const catalogue = makeCatalogueStore(database)
    const pool = makePoolStore(database)
    const metrics = makeFleetMetrics(config.stage)
    return async () => {
      const report = await recomputeEligibility({ ...system, fleet, catalogue, pool })
      metrics.publish(report)
      return report
    }
  },
  'probe-routes': (base) => {
    // On a laptop someone watches, and a handful of nodes is no herd.
    const spreadMs = base.config.isLocal ? 0 : probeSpreadMs
    const fleet = makeFleetStore(base.database)
    const deps = { ...system, ...attemptDepsOf(base), fleet, spreadMs }
    return () => probeRoutes(deps)
  },
  'run-benchmarks': (base) => {
    const fleet = showingEvidence(makeFleetStore(base.database), recomputeOf(base))
    const catalogue = makeCatalogueStore(base.database)
    const payer = {
      ...completeDepsOf(base),
      watchCancel: neverCancelled,
      keys: makeKeyStore(base.database),
      readPlatformAccount: makeSpotCheckStore(base.database).readPlatformAccount,
    }
    const deps = {
      ...system,
      fleet,
      catalogue,
      unpaid: makeUnpaidDispatch(attemptDepsOf(base)),
      findPaid: () => findPaidDispatch(payer),
      unpaidDocuments: makeUnpaidDocuments({
        ...attemptDepsOf(base),
        hostBody: documentBody,
      }),
      findPaidDocuments: () => findPaidDocuments(payer),
      budget: base.config.isLocal ? laptopBudget : deployedBudget,
      readIncidents: payer.readIncidents,
      onUnmeasured: (run: UnmeasuredRun) => log('benchmark_without_evidence', run),
    }
    return () => runBenchmarks(deps)
  },
  'run-spot-checks': (base) => {
    const complete = { ...completeDepsOf(base), watchCancel: neverCancelled }
    const reputation = keepDepsOf(base)
    const recompute = recomputeOf(base)
    const logFailure = failureLogOf(base.config)
    const fleet = makeFleetStore(base.database)
    const deps = {
      ...system,
      store: makeSpotCheckStore(base.database),
      fleet,
      catalogue: makeCatalogueStore(base.database),
      keys: makeKeyStore(base.database),
      ask: makeAskOneHost({ ...complete, deadlineMs: spotCheckDeadlineMs }),
      onJudged: async (judged: Parameters<typeof learnFromSpotCheck>[1]) => {
        await learnFromSpotCheck(reputation, judged)
        if (judged.hasPassed) return
        const successors = await passOn({ fleet, logFailure }, judged)
        // A second failure is a verdict: whom it condemned serves no longer.
        for (const nodeId of [judged.nodeId, ...successors]) await recompute(nodeId)
      },
    }
    return () => runSpotChecks(deps)
  },
  'expire-holds': (base) => {
    const logFailure = failureLogOf(base.config)
    const deps: SweepDeps = {
      ...sweepDepsOf(base),
      onFailure: ({ accountId, error }) =>
        logFailure('sweep_failed', { accountId, message: messageOf(error) }),
    }
    const publish = makeSweepMetrics(base.config.stage)
    return async () => {
      const report = await sweep(deps)
      publish(report)
      return report
    }
  },
  'accrue-earnings': (base) => {
    const closing = makeClosingStore(base.database)
    const logFailure = failureLogOf(base.config)
    const deps = {
      ...sweepDepsOf(base),
      ...system,
      accounts: makeAccountStore(base.database),
      journal: makeJournalStore(base.database),
      isOwnTraffic: isOwnTrafficOf(base),
      closing,
      places: closing,
      onAccrued: learningOf(base),
      onFailure: ({ accountId, error }: { accountId: string; error: unknown }) =>
        logFailure('accrual_failed', { accountId, message: messageOf(error) }),
    }
    return () => accrueEarnings(deps)
  },
  'close-payouts': ({ database, config }) => {
    const logFailure = failureLogOf(config)
    const deps = {
      ...system,
      journal: makeJournalStore(database),
      places: makeClosingStore(database),
      readIncidents: readIncidentsOf({ database }),
      onFailure: ({ nodeId, error }: { nodeId: string; error: unknown }) =>
        logFailure('payout_failed', { nodeId, message: messageOf(error) }),
    }
    return () => closePayouts(deps)
  },
  'reconcile-ledger': (base) => {
    const deps = reconcileDepsOf(base)
    return () => reconcileLedger(deps)
  },
}

/** Of steps that threw while the rest of their run went on: told, and counted for the alarm. */
function failureLogOf({ stage }: Config): Log {
  const count = makeFailedStepCount(stage)
  return (event, fields) => {
    count()
    log(event, fields)
  }
}

/** A benchmark's request, as customers' reach hosts. */
async function documentBody(request: DocumentRequest, model: string) {
  const order = documentOrder(request)
  assert(order.ok, 'a benchmark asks what can be asked', { path: request.path })
  return order.value.hostBody(model)
}

/** Accrual reads every decided request once: what hosts did is learned from there. */
function learningOf(base: Base): NonNullable<AccrueEarningsDeps['onAccrued']> {
  const deps = keepDepsOf(base)
  const speeds: LiveSpeedDeps = {
    fleet: makeFleetStore(base.database),
    onFailure: ({ nodeId, error }) =>
      log('live_speed_not_kept', { nodeId, message: messageOf(error) }),
  }
  return async (page) => {
    await Promise.all([learnFromPage(deps, page), observeLiveSpeed(speeds, page)])
  }
}

/** Never rejects: the verdict itself is written. Not tried again: somebody has to look. */
async function passOn(
  { fleet, logFailure }: { readonly fleet: FleetStore; readonly logFailure: Log },
  finding: Finding,
): Promise<readonly string[]> {
  try {
    return await passOnFinding(fleet, finding)
  } catch (error) {
    logFailure('finding_not_passed_on', { nodeId: finding.nodeId, message: messageOf(error) })
    return []
  }
}

function keepDepsOf({ database }: Base): KeepDeps {
  return {
    ...system,
    reputations: keptByHeir(makeReputationStore(database), makeFleetStore(database)),
    onFailure: ({ nodeId, error }) =>
      log('reputation_not_kept', { nodeId, message: messageOf(error) }),
  }
}

function reconcileDepsOf({ database, config, secrets }: Base): ReconcileLedgerDeps {
  const published = publishedKeysOf(secrets)
  const logFailure = failureLogOf(config)
  return {
    ...system,
    store: makeReconcileStore(database),
    places: makeClosingStore(database),
    accounts: makeAccountStore(database),
    journal: makeJournalStore(database),
    keys: makeKeyStore(database),
    sweepStore: makeSweepStore(database),
    verify: (receipt) => verifyReceipt({ object: 'receipt', ...receipt }, published),
    metrics: makeReconcileMetrics(config.stage),
    onDiscrepancy: (discrepancy) => log('ledger_discrepancy', discrepancy),
    onFailure: ({ subject, error }) =>
      logFailure('reconcile_failed', { subject, message: messageOf(error) }),
    ...reconcileBounds,
  }
}

/** A page is one round trip. A run may last 15 minutes; the last page of accounts ends after it. */
const reconcileBounds = {
  pageSize: 200,
  bounds: { recordsPerRun: 250_000, recordsPerVisit: 100_000, runMs: 10 * 60_000 },
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : 'fault')
