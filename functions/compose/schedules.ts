/** Wires the schedules. */
import { makeCatalogueStore } from '../../src/adapters/dynamodb/catalogue-store.ts'
import { makeFleetStore } from '../../src/adapters/dynamodb/fleet-store.ts'
import { makePoolStore } from '../../src/adapters/dynamodb/pool-store.ts'
import { sweep } from '../../src/ledger/sweep.ts'
import type { ScheduleName } from '../../src/names.ts'
import { expireHeartbeats } from '../../src/schedules/expire-heartbeats.ts'
import { probeRoutes } from '../../src/schedules/probe-routes.ts'
import { recomputeEligibility } from '../../src/schedules/recompute-eligibility.ts'
import { runBenchmarks } from '../../src/schedules/run-benchmarks.ts'
import { attemptDepsOf, type Base, composeBase, sweepDepsOf, system } from './parts.ts'

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
}
