/** Which suites there are, in the order in which they run, how long each may take and what it owes. */
import type { Suite } from './suite.ts'
import type { TargetId } from './targets.ts'

export type SuiteRow = {
  /** In the suite's own process alone. */
  readonly load: () => Promise<{ readonly suite: Suite }>
  /** On a quiet machine of two cores; three times as long ends it. */
  readonly budgetSec: number
  /** Targets for which it reports a figure, or says why it has none. */
  readonly owes: readonly TargetId[]
}

export const registry = {
  overhead: {
    load: () => import('../suites/overhead/suite.ts'),
    budgetSec: 130,
    owes: ['firstContentP50', 'firstContentP99'],
  },
  peers: {
    load: () => import('../suites/peers/suite.ts'),
    budgetSec: 190,
    owes: ['requestsCanned', 'requestsEmbedded', 'cpuPerRequest'],
  },
  stream: {
    load: () => import('../suites/stream/suite.ts'),
    budgetSec: 60,
    owes: ['chunksPerSecond', 'memoryPerStream'],
  },
  database: {
    load: () => import('../suites/database/suite.ts'),
    budgetSec: 50,
    owes: [
      'roundTripsWarm',
      'roundTripsCold',
      'writeUnitsFewHolds',
      'writeUnitsManyHolds',
      'readUnitsWarm',
      'readUnitsCold',
      'heartbeatWrites',
      'heartbeatBytes',
    ],
  },
  'cold-start': {
    load: () => import('../suites/cold-start/suite.ts'),
    budgetSec: 50,
    owes: ['bundle', 'importTime'],
  },
  fleet: {
    load: () => import('../suites/fleet/suite.ts'),
    budgetSec: 60,
    owes: ['recompute', 'choice'],
  },
  ledger: {
    load: () => import('../suites/ledger/suite.ts'),
    budgetSec: 30,
    owes: ['simulation'],
  },
} as const satisfies Readonly<Record<string, SuiteRow>>

export type SuiteName = keyof typeof registry

export const isSuiteName = (name: unknown): name is SuiteName =>
  typeof name === 'string' && Object.hasOwn(registry, name)

export const suiteNames: readonly SuiteName[] = Object.keys(registry).filter(isSuiteName)
