/**
 * The running agent: puts key, state, runtimes, proxy and heartbeat together, says when it is ready
 * and drains when asked to stop.
 */
import { randomUUID } from 'node:crypto'
import type { GpuReport, HostFacts } from '../../src/protocol/heartbeat.ts'
import { beatBody } from './beat-body.ts'
import { type Clock, makeServerClock, systemClock } from './clock.ts'
import { type HostConfig, readConfig } from './config.ts'
import { makeControlPlane } from './control-plane.ts'
import { readGpus } from './gpu.ts'
import { makeHeartbeatLoop } from './heartbeat-loop.ts'
import { checkedIngestUrl } from './ingest-url.ts'
import type { Log } from './log.ts'
import { loadNodeKey, type NodeKey } from './node-key.ts'
import { makeNodeState } from './node-state.ts'
import { makeCounters } from './proxy/counters.ts'
import { makeDispatch } from './proxy/dispatch.ts'
import { makeRouteProbe } from './proxy/route-probe.ts'
import { runtimeTimeouts } from './proxy/runtime-request.ts'
import { startProxyServer } from './proxy/server.ts'
import { makeSlots } from './proxy/slots.ts'
import type { ReadyLine } from './ready-line.ts'
import { makeArtifactDigests } from './runtimes/artifact-digest.ts'
import { makeRuntimeMonitor } from './runtimes/monitor.ts'
import { type Enrolment, makeStateStore, readState, type StateStore } from './state-file.ts'
import { StatedError } from './stated-error.ts'

const drainMs = 10_000
const gpusEveryMs = 15_000

export type RunOptions = {
  readonly configPath: string
  readonly stop: AbortSignal
  readonly onReady: (line: ReadyLine) => void
  readonly log: Log
}

/** Resolves when `stop` has aborted and everything has drained; throws a StatedError at the start. */
export async function run({ configPath, stop, onReady, log }: RunOptions): Promise<void> {
  const config = await readConfig(configPath)
  const { node, state } = await openNode(config, log)
  const enrolment = (): Enrolment => enrolmentOf(state, node)
  const ingestUrl = checkedIngestUrl(config.ingest_url ?? enrolment().ingest_url)
  const clock = systemClock
  const bootedAtMs = clock.monotonicMs()
  const uptimeMs = () => clock.monotonicMs() - bootedAtMs
  const serverClock = makeServerClock(clock, state.get().clock_offset_ms)
  const nodeState = makeNodeState(clock.monotonicMs)
  const counters = makeCounters()
  const slots = makeSlots(config.owner_limits.max_concurrency)
  const digests = makeArtifactDigests({
    known: () => state.get().hashed_files,
    remember: (hashed_files) => state.update({ hashed_files: [...hashed_files] }),
    sleep: clock.sleep,
  })
  const monitor = makeRuntimeMonitor({
    runtimes: config.runtimes,
    ownerConcurrency: config.owner_limits.max_concurrency,
    inFlight: slots.inFlight,
    digests,
    clock,
    log,
  })
  const gpus = makeGpuMonitor(clock)
  // The first beat tells of the runtimes as they are, so it waits for one bounded look at them.
  await Promise.all([monitor.pollOnce(), gpus.readOnce()])

  const dispatch = makeDispatch({
    expectation: () => ({
      stage: enrolment().stage,
      nodeId: node.nodeId,
      routeEpoch: enrolment().route_epoch,
      rootPublicKeys: enrolment().ticket_root_public_keys,
      nowMs: serverClock.nowMs(),
      bootedAtMs: serverClock.nowMs() - uptimeMs(),
    }),
    takesWork: () => nodeState.current() === 'ready',
    targetOf: monitor.targetOf,
    slots,
    node,
    counters,
    monotonicMs: clock.monotonicMs,
    timeouts: runtimeTimeouts,
    log,
  })
  const routeProbe = makeRouteProbe({
    node,
    routeEpoch: () => enrolment().route_epoch,
    nowMs: serverClock.nowMs,
  })
  const server = await startProxyServer({ listen: config.listen, dispatch, routeProbe, log })

  const bootId = randomUUID()
  const beat = makeHeartbeatLoop({
    controlPlane: makeControlPlane({ ...node, ingestUrl, clock, serverClock }),
    compose: (stamp, models) =>
      beatBody(
        {
          nodeId: node.nodeId,
          bootId,
          uptimeMs: uptimeMs(),
          state: nodeState.current(),
          config,
          routeEpoch: enrolment().route_epoch,
          gpus: gpus.latest(),
          hostFacts: gpus.hostFacts(),
          runtimes: monitor.reports(),
          models,
          counters: counters.totals(),
        },
        stamp,
      ),
    inventoryModels: monitor.models,
    hostFacts: gpus.hostFacts,
    enrolment,
    state,
    nodeState,
    clock,
    serverClock,
    random: Math.random,
    log,
  })

  onReady({ ready: true, port: server.port, node_id: node.nodeId })
  log('started', { node_id: node.nodeId, port: server.port, mode: config.mode })
  // At once, so that the last beat tells of it.
  stop.addEventListener('abort', nodeState.drain, { once: true })
  if (stop.aborted) nodeState.drain()
  const drain = whenAborted(stop).then(async () => {
    server.stopListening()
    const patience = new AbortController()
    await Promise.race([slots.idle(), clock.sleep(drainMs, patience.signal)])
    patience.abort()
    server.closeConnections()
    await slots.idle()
  })
  await Promise.all([beat(stop), monitor.run(stop), gpus.run(stop), drain])
  await state.flush()
  log('stopped', counters.totals())
}

async function openNode(
  config: HostConfig,
  log: Log,
): Promise<{ readonly node: NodeKey; readonly state: StateStore }> {
  if (config.mode === 'local') {
    throw new StatedError('mode "local" has nothing to run yet: set it to managed or network.')
  }
  const node = await loadNodeKey(config.key_file)
  const initial = await readState(config.state_file)
  if (node === undefined || initial.enrolment?.node_id !== node.nodeId) {
    throw new StatedError('This host is not enrolled: run b3iq-host enroll with a join code first.')
  }
  return { node, state: makeStateStore({ path: config.state_file, initial, log }) }
}

function enrolmentOf(state: StateStore, node: NodeKey): Enrolment {
  const { enrolment } = state.get()
  if (enrolment === null) throw new Error(`the enrolment of ${node.nodeId} was lost`)
  return enrolment
}

function makeGpuMonitor(clock: Clock) {
  let latest: readonly GpuReport[] = []
  const readOnce = async () => {
    latest = await readGpus()
  }
  return {
    latest: () => latest,
    hostFacts: (): HostFacts => ({
      os: process.platform,
      arch: process.arch,
      driver: null,
      gpus: latest.map(({ uuid, name, mem_total_mib }) => ({
        uuid,
        name,
        mem_total_mib,
        compute_capability: null,
      })),
    }),
    readOnce,
    run: async (stop: AbortSignal) => {
      while (!stop.aborted) {
        await clock.sleep(gpusEveryMs, stop)
        if (!stop.aborted) await readOnce()
      }
    },
  }
}

function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
