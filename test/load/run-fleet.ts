/**
 * A fleet of simulated nodes against a real ingest: a steady phase, and where asked for an outage of
 * ingest with the herd that comes back from it. What was acknowledged is compared with what is stored.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { expireHeartbeats } from '../../src/schedules/expire-heartbeats.ts'
import { openStage, type Stage } from './open-stage.ts'
import { type Beat, makeSimulatedNode, type SimulatedNode } from './simulated-node.ts'

export type FleetRun = {
  readonly nodes: number
  readonly intervalMs: number
  readonly steadyMs: number
  /** 0 for none. */
  readonly outageMs: number
  /** Longest wait for every node to be heard again. */
  readonly recoveryMsMax: number
}

export type SteadyReport = {
  readonly beats: number
  readonly beatsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** By code, all that were not `ok`. */
  readonly errors: Readonly<Record<string, number>>
}

export type RecoveryReport = SteadyReport & {
  /** Until the last node was heard again; undefined where one never was. */
  readonly allHeardAfterMs: number | undefined
  /** Beats that were taken in the fullest second, over the mean of all seconds until then. */
  readonly peakPerSecond: number
  readonly peakOverMean: number
}

export type FleetReport = {
  readonly steady: SteadyReport
  readonly recovery: RecoveryReport | undefined
  /** Nodes whose stored state is not that of a beat they sent, or is older than one acknowledged. */
  readonly lost: number
  readonly isGraceGranted: boolean
  /** Nodes that were counted as having returned from a silence, and those that rest for it. */
  readonly returned: number
  readonly cooling: number
}

/** On AWS once a minute; here often enough to see an outage that is as short as a test. */
const expireEveryMs = 10_000
const enrolTogether = 8

export async function runFleet(run: FleetRun): Promise<FleetReport> {
  const stage = await openStage({ beatIntervalMs: run.intervalMs })
  const stop = new AbortController()
  try {
    await stage.startIngest()
    const nodes = await enrolFleet(stage, run)
    const loops = nodes.map((node) => node.run(stop.signal))
    const schedule = expireUntil(stage, stop.signal)
    const startedMs = Date.now()
    await delay(run.steadyMs)
    const steady = reportOf(beatsSince(nodes, startedMs), run.steadyMs)
    const recovery = run.outageMs > 0 ? await outage(stage, nodes, run) : undefined
    stop.abort()
    await Promise.all([...loops, schedule])
    return { steady, recovery, ...(await compare(stage, nodes)) }
  } finally {
    stop.abort()
    await stage.close()
  }
}

async function enrolFleet(stage: Stage, run: FleetRun): Promise<SimulatedNode[]> {
  const to = { url: stage.url, stage: stage.name, intervalMs: run.intervalMs }
  const nodes = [makeSimulatedNode(await stage.enrol('synthetic'), to)]
  while (nodes.length <= run.nodes) {
    const count = Math.min(enrolTogether, run.nodes + 1 - nodes.length)
    const made = await Promise.all(Array.from({ length: count }, () => stage.enrol('host')))
    nodes.push(...made.map((identity) => makeSimulatedNode(identity, to)))
  }
  return nodes
}

async function expireUntil({ fleet }: Stage, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    await delay(expireEveryMs, undefined, { signal: stop }).catch(() => undefined)
    if (!stop.aborted) await expireHeartbeats({ fleet, nowMs: Date.now, log: () => undefined })
  }
}

async function outage(
  stage: Stage,
  nodes: readonly SimulatedNode[],
  { outageMs, recoveryMsMax }: FleetRun,
): Promise<RecoveryReport> {
  await stage.stopIngest()
  await delay(outageMs)
  await stage.startIngest()
  const backMs = Date.now()
  const isHeard = (node: SimulatedNode) => firstHeardMs(node, backMs) !== undefined
  while (!nodes.every(isHeard) && Date.now() - backMs < recoveryMsMax) await delay(100)
  const durationMs = Date.now() - backMs
  const beats = beatsSince(nodes, backMs)
  const taken = beats.filter(({ code }) => code === 'ok')
  const perSecond = Map.groupBy(taken, ({ atMs }) => Math.floor((atMs - backMs) / 1_000))
  const peakPerSecond = Math.max(0, ...[...perSecond.values()].map((some) => some.length))
  const heardAtMs = nodes.map((node) => firstHeardMs(node, backMs))
  return {
    ...reportOf(beats, durationMs),
    allHeardAfterMs: heardAtMs.every((atMs) => atMs !== undefined)
      ? Math.max(...heardAtMs) - backMs
      : undefined,
    peakPerSecond,
    peakOverMean: peakPerSecond / (taken.length / (durationMs / 1_000)),
  }
}

const firstHeardMs = ({ beats }: SimulatedNode, sinceMs: number): number | undefined =>
  beats.find(({ atMs, code }) => code === 'ok' && atMs >= sinceMs)?.atMs

const beatsSince = (nodes: readonly SimulatedNode[], sinceMs: number): Beat[] =>
  nodes.flatMap(({ beats }) => beats.filter(({ atMs }) => atMs >= sinceMs))

function reportOf(beats: readonly Beat[], durationMs: number): SteadyReport {
  const isOk = ({ code }: Beat) => code === 'ok'
  const tookMs = beats.filter(isOk).map((beat) => beat.tookMs)
  tookMs.sort((one, other) => one - other)
  const at = (share: number) => tookMs[Math.floor(share * tookMs.length)] ?? 0
  const failed = Map.groupBy(
    beats.filter((beat) => !isOk(beat)),
    ({ code }) => code,
  )
  return {
    beats: tookMs.length,
    beatsPerSecond: tookMs.length / (durationMs / 1_000),
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    errors: Object.fromEntries([...failed].map(([code, some]) => [code, some.length])),
  }
}

async function compare({ fleet }: Stage, nodes: readonly SimulatedNode[]) {
  const hots = new Map<string, NonNullable<Awaited<ReturnType<typeof fleet.readRow>>>['hot']>()
  for await (const { node, hot } of fleet.rows()) hots.set(node.nodeId, hot)
  const lost = nodes.filter(({ nodeId, canHave }) => !canHave(hots.get(nodeId)?.seq ?? 0))
  const steadiness = [...hots.values()].flatMap((hot) => (hot ? [hot.steadiness] : []))
  const { grace } = await fleet.readFleetState()
  return {
    lost: lost.length,
    isGraceGranted: grace !== undefined,
    returned: steadiness.filter(({ returnsAtMs }) => returnsAtMs.length > 0).length,
    cooling: steadiness.filter(({ coolMs }) => coolMs > 0).length,
  }
}
