/** The bill of a month in which nobody asks and no host is enrolled, and what a fleet adds to it. */
import { deployedBeatIntervals, nextBeatMs } from '../../src/ingest/beat-interval.ts'
import { type ScheduleName, scheduleNames, schedules } from '../../src/names.ts'
import type { Measured, Use } from './measured.ts'
import { durationMs, gb, invoked, type Line, minutesPerMonth, stored } from './model.ts'

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

/** Passes of one run start this far apart: `functions/schedules/recompute-eligibility.ts`. */
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

function scheduleLines(measured: Measured, deployed: Deployed, nodes: number): readonly Line[] {
  const { schedulesMemoryMb: memoryMb } = deployed
  return scheduleNames.flatMap((user) => {
    const count = minutesPerMonth / schedules[user].everyMinutes
    const { use, waitMs } = scheduledRun(measured, deployed, { name: user, nodes })
    return [
      ...invoked({ user, use, memoryMb, count, waitMs }),
      { user, price: 'schedulerInvocation' as const, amount: count },
    ]
  })
}

export type ScheduledRun = {
  readonly use: Use
  /** Asleep until the next pass. */
  readonly waitMs: number
  /** Billed. */
  readonly runMs: number
}

/** Throws where a run takes longer than its period: the function is stopped there, so no bill would be right. */
export function scheduledRun(
  { schedules: runs, fleetNodes }: Measured,
  { schedulesMemoryMb: memoryMb }: Pick<Deployed, 'schedulesMemoryMb'>,
  { name, nodes }: { readonly name: ScheduleName; readonly nodes: number },
): ScheduledRun {
  const run = runs[name]
  if (run === undefined) throw new Error(`${name} was not measured.`)
  const use = nodes === 0 ? run.idle : useOf(run, fleetNodes, nodes)
  const { wallMs } = nodes === 0 ? run.idle : run.small
  const passes = Math.floor(wallMs / passEveryMs) + 1
  const workMs = durationMs(use, memoryMb)
  // All passes but the last do their work in the time until the next one starts.
  const waitMs = (passes - 1) * (passEveryMs - workMs / passes)
  const runMs = workMs + waitMs
  const periodMs = schedules[name].everyMinutes * 60_000
  if (runMs > periodMs) {
    throw new Error(`${name} takes ${Math.round(runMs)} ms for ${nodes} nodes, of ${periodMs} ms.`)
  }
  return { use, waitMs, runMs }
}

/** On the line through the two fleets that were measured, and never less than an empty stage uses. */
function useOf(
  { idle, small, large }: Measured['schedules'][string],
  fleetNodes: Measured['fleetNodes'],
  nodes: number,
): Use {
  const along = (nodes - fleetNodes.small) / (fleetNodes.large - fleetNodes.small)
  const at = (name: keyof Use) =>
    Math.max(idle[name], small[name] + (large[name] - small[name]) * along)
  return {
    calls: at('calls'),
    readUnits: at('readUnits'),
    writeUnits: at('writeUnits'),
    cpuMs: at('cpuMs'),
    logLines: at('logLines'),
    logBytes: at('logBytes'),
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
