/** Wires the schedules: one composition, each handler takes what it needs. */
import { makeCatalogueStore } from '../../src/adapters/dynamodb/catalogue-store.ts'
import { makeFleetStore } from '../../src/adapters/dynamodb/fleet-store.ts'
import { makePoolStore } from '../../src/adapters/dynamodb/pool-store.ts'
import { sweep } from '../../src/ledger/sweep.ts'
import type { ScheduleName } from '../../src/names.ts'
import { expireHeartbeats } from '../../src/schedules/expire-heartbeats.ts'
import { probeRoutes } from '../../src/schedules/probe-routes.ts'
import { recomputeEligibility } from '../../src/schedules/recompute-eligibility.ts'
import { runBenchmarks } from '../../src/schedules/run-benchmarks.ts'
import { attemptDepsOf, composeBase, sweepDepsOf, system } from './parts.ts'

/** One run of each schedule; the report says what it did. */
export type Schedules = Readonly<Record<ScheduleName, () => Promise<object>>>

export async function composeSchedules(
  env: Readonly<Record<string, string | undefined>>,
): Promise<Schedules> {
  const base = await composeBase(env)
  const fleet = makeFleetStore(base.database)
  const catalogue = makeCatalogueStore(base.database)
  const pool = makePoolStore(base.database)
  const attempt = attemptDepsOf(base)
  return {
    'expire-heartbeats': () => expireHeartbeats({ ...system, fleet }),
    'recompute-eligibility': () => recomputeEligibility({ ...system, fleet, catalogue, pool }),
    'probe-routes': () => probeRoutes({ ...attempt, fleet }),
    'run-benchmarks': () => runBenchmarks({ ...attempt, ...system, fleet, catalogue }),
    'expire-holds': () => sweep(sweepDepsOf(base)),
  }
}
