/** Wires the schedules. */
import { makeAccountStore } from '../../src/adapters/dynamodb/account-store.ts'
import { makeCatalogueStore } from '../../src/adapters/dynamodb/catalogue-store.ts'
import { makeClosingStore } from '../../src/adapters/dynamodb/closing-store.ts'
import { makeFleetStore } from '../../src/adapters/dynamodb/fleet-store.ts'
import { makeJournalStore } from '../../src/adapters/dynamodb/journal-store.ts'
import { makeKeyStore } from '../../src/adapters/dynamodb/key-store.ts'
import { makePoolStore } from '../../src/adapters/dynamodb/pool-store.ts'
import { makeReconcileStore } from '../../src/adapters/dynamodb/reconcile-store.ts'
import { makeSweepStore } from '../../src/adapters/dynamodb/sweep-store.ts'
import { makeReconcileMetrics } from '../../src/adapters/metrics.ts'
import { publishedKeysOf } from '../../src/keys/stage-secrets.ts'
import { sweep } from '../../src/ledger/sweep.ts'
import type { ScheduleName } from '../../src/names.ts'
import { verifyReceipt } from '../../src/receipts/verify-receipt.ts'
import { accrueEarnings } from '../../src/schedules/accrue-earnings.ts'
import { closePayouts } from '../../src/schedules/close-payouts.ts'
import { expireHeartbeats } from '../../src/schedules/expire-heartbeats.ts'
import { probeRoutes } from '../../src/schedules/probe-routes.ts'
import { recomputeEligibility } from '../../src/schedules/recompute-eligibility.ts'
import { type ReconcileLedgerDeps, reconcileLedger } from '../../src/schedules/reconcile-ledger.ts'
import { runBenchmarks } from '../../src/schedules/run-benchmarks.ts'
import {
  attemptDepsOf,
  type Base,
  composeBase,
  isOwnTrafficOf,
  log,
  sweepDepsOf,
  system,
} from './parts.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** One run of a schedule; the report says what it did. */
export type RunSchedule = () => Promise<object>

/** Each schedule has rights of its own, so each has a database client of its own. */
export async function composeSchedule(env: Environment, name: ScheduleName): Promise<RunSchedule> {
  return runners[name](await composeBase(env, name))
}

const runners: Readonly<Record<ScheduleName, (base: Base) => RunSchedule>> = {
  'expire-heartbeats': ({ database }) => {
    const fleet = makeFleetStore(database)
    return () => expireHeartbeats({ ...system, fleet })
  },
  'recompute-eligibility': ({ database }) => {
    const fleet = makeFleetStore(database)
    const catalogue = makeCatalogueStore(database)
    const pool = makePoolStore(database)
    return () => recomputeEligibility({ ...system, fleet, catalogue, pool })
  },
  'probe-routes': (base) => {
    const deps = { ...attemptDepsOf(base), fleet: makeFleetStore(base.database) }
    return () => probeRoutes(deps)
  },
  'run-benchmarks': (base) => {
    const fleet = makeFleetStore(base.database)
    const catalogue = makeCatalogueStore(base.database)
    const deps = { ...attemptDepsOf(base), ...system, fleet, catalogue }
    return () => runBenchmarks(deps)
  },
  'expire-holds': (base) => {
    const deps = sweepDepsOf(base)
    return () => sweep(deps)
  },
  'accrue-earnings': (base) => {
    const closing = makeClosingStore(base.database)
    const deps = {
      ...sweepDepsOf(base),
      ...system,
      accounts: makeAccountStore(base.database),
      journal: makeJournalStore(base.database),
      isOwnTraffic: isOwnTrafficOf(base),
      closing,
      places: closing,
      onFailure: ({ accountId, error }: { accountId: string; error: unknown }) =>
        log('accrual_failed', { accountId, message: messageOf(error) }),
    }
    return () => accrueEarnings(deps)
  },
  'close-payouts': ({ database }) => {
    const deps = {
      ...system,
      journal: makeJournalStore(database),
      places: makeClosingStore(database),
      onFailure: ({ nodeId, error }: { nodeId: string; error: unknown }) =>
        log('payout_failed', { nodeId, message: messageOf(error) }),
    }
    return () => closePayouts(deps)
  },
  'reconcile-ledger': (base) => {
    const deps = reconcileDepsOf(base)
    return () => reconcileLedger(deps)
  },
}

function reconcileDepsOf({ database, config, secrets }: Base): ReconcileLedgerDeps {
  const published = publishedKeysOf(secrets)
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
      log('reconcile_failed', { subject, message: messageOf(error) }),
    ...reconcileBounds,
  }
}

/** A page is one round trip. A run may last 15 minutes; the last page of accounts ends after it. */
const reconcileBounds = {
  pageSize: 200,
  bounds: { recordsPerRun: 250_000, recordsPerVisit: 100_000, runMs: 10 * 60_000 },
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : 'fault')
