/** The bill of a month in which nobody asks and no host is enrolled, and what a fleet adds to it. */
import { deployedBeatIntervals, nextBeatMs } from '../../src/ingest/beat-interval.ts'
import { type ScheduleName, schedules } from '../../src/names.ts'
import type { Measured, RunUse } from './measured.ts'
import { gb, invoked, type Line, minutesPerMonth, stored } from './model.ts'

/** Counted in the synthesized templates of a stage. */
export type Deployed = {
  readonly alarmedMetrics: number
  readonly compositeAlarms: number
  readonly dashboards: number
  readonly customMetrics: number
  readonly schedulesMemoryMb: number
  readonly ingestMemoryMb: number
  readonly gatewayMemoryMb: number
}

/** Passes of one run are this far apart: `functions/schedules/recompute-eligibility.ts`. */
const passEveryMs = 15_000

export function idleLines(measured: Measured, deployed: Deployed): readonly Line[] {
  return [...scheduleLines(measured, deployed, 0), ...watchLines(deployed)]
}

/** What is billed by being there. */
function watchLines(deployed: Deployed): readonly Line[] {
  const user = 'observability'
  return [
    { user, price: 'alarmedMetric', amount: deployed.alarmedMetrics },
    { user, price: 'compositeAlarm', amount: deployed.compositeAlarms },
    // As if every metric were published in every hour: most have numbers only where there is traffic.
    { user, price: 'customMetric', amount: deployed.customMetrics },
    { user, price: 'dashboard', amount: deployed.dashboards },
  ]
}

function scheduleLines(
  measured: Measured,
  { schedulesMemoryMb: memoryMb }: Deployed,
  nodes: number,
): readonly Line[] {
  return Object.keys(schedules)
    .filter(isScheduleName)
    .flatMap((user) => {
      const measuredRun = measured.schedules[user]
      if (measuredRun === undefined) throw new Error(`${user} was not measured.`)
      const count = minutesPerMonth / schedules[user].everyMinutes
      const use = runOf(measuredRun, nodes / measured.fleetNodes)
      const waitMs = Math.floor(use.wallMs / passEveryMs) * passEveryMs
      return [
        ...invoked({ user, use, memoryMb, count, waitMs }),
        { user, price: 'schedulerInvocation' as const, amount: count },
      ]
    })
}

const isScheduleName = (name: string): name is ScheduleName => Object.hasOwn(schedules, name)

/** Units and time grow with the nodes from what an empty stage uses; whether there are passes does not. */
function runOf({ idle, fleet }: Measured['schedules'][string], fleets: number): RunUse {
  const grown = (name: Exclude<keyof RunUse, 'wallMs'>) =>
    Math.max(idle[name], idle[name] + (fleet[name] - idle[name]) * fleets)
  return {
    calls: grown('calls'),
    readUnits: grown('readUnits'),
    writeUnits: grown('writeUnits'),
    cpuMs: grown('cpuMs'),
    logLines: idle.logLines,
    logBytes: idle.logBytes,
    wallMs: fleets > 0 ? fleet.wallMs : idle.wallMs,
  }
}

export type FleetCost = {
  readonly beatEveryMs: number
  readonly beats: readonly Line[]
  /** What the schedules use beyond an idle stage. */
  readonly schedules: readonly Line[]
}

/** Nodes that are there all month and earn nothing. */
export function fleetCost(measured: Measured, deployed: Deployed, nodes: number): FleetCost {
  const node = { mode: 'network', ownerId: 'owner' } as const
  const beatEveryMs = nextBeatMs(deployedBeatIntervals, node, nodes)
  const count = (nodes * minutesPerMonth * 60_000) / beatEveryMs
  const { replyBytes, ...use } = measured.heartbeat
  const user = 'heartbeats'
  const withNodes = scheduleLines(measured, deployed, nodes)
  const without = scheduleLines(measured, deployed, 0)
  return {
    beatEveryMs,
    beats: [
      ...invoked({ user, use, memoryMb: deployed.ingestMemoryMb, count }),
      { user, price: 'internetEgress', amount: gb(count * replyBytes) },
    ],
    schedules: withNodes.map((line, at) => ({
      ...line,
      amount: line.amount - (without[at]?.amount ?? 0),
    })),
  }
}

/** The hourly audit re-reads what is kept, 250,000 records a run and 10 minutes at most. */
export function auditLines(
  { auditReadUnits }: Measured,
  { schedulesMemoryMb }: Deployed,
  receiptsKept: number,
): readonly Line[] {
  const runs = minutesPerMonth / schedules['reconcile-ledger'].everyMinutes
  const records = Math.min(receiptsKept, auditRecordsPerRun)
  const waitMs = (auditRunMs * records) / auditRecordsPerRun
  const user = 'audit'
  const use = { calls: 0, readUnits: records * auditReadUnits, writeUnits: 0 }
  return [
    ...stored(user, { ...use, logLines: 0, logBytes: 0 }, runs),
    {
      user,
      price: 'lambdaGbSecond',
      amount: (runs * waitMs * schedulesMemoryMb) / 1024 / 1000,
    },
  ]
}

const auditRecordsPerRun = 250_000
const auditRunMs = 10 * 60_000
