/**
 * The running agent: puts key, state, runtimes, proxy, tunnel and heartbeat together, says when it is
 * ready and drains when asked to stop.
 */
import { randomUUID } from 'node:crypto'
import { beatBody } from './beat-body.ts'
import { claimsFileOf, openClaimJournal } from './claims/journal.ts'
import { makeOfferLoop } from './claims/offer-loop.ts'
import { makeServerClock, systemClock } from './clock.ts'
import { type HostConfig, readConfig, reportedLimits } from './config.ts'
import { makeControlPlane } from './control-plane.ts'
import { drainAfter } from './drain.ts'
import { loadEnrolledKey } from './enrolled-key.ts'
import { makeHeartbeatLoop } from './heartbeat-loop.ts'
import { checkedIngestUrl } from './ingest-url.ts'
import { jobsFileOf, openJobJournal } from './jobs/job-journal.ts'
import { tightened } from './jobs/job-limits.ts'
import { openJobs } from './jobs/open-jobs.ts'
import { keepGoing } from './keep-going.ts'
import type { Log } from './log.ts'
import { openMachine } from './machine.ts'
import type { NodeKey } from './node-key.ts'
import { makeOperatorKeys } from './operator-keys.ts'
import { makeCancel } from './proxy/cancel.ts'
import { makeDispatch } from './proxy/dispatch.ts'
import { makeRouteProbe } from './proxy/route-probe.ts'
import { makeRunning } from './proxy/running.ts'
import { runtimeTimeouts } from './proxy/runtime-request.ts'
import { startProxyServer } from './proxy/server.ts'
import type { ReadyLine } from './ready-line.ts'
import { readRouteTls } from './route-tls.ts'
import { runLocal } from './run-local.ts'
import { watchSleep } from './sleep-watch.ts'
import { reclaimed, reclaimSignal } from './spot-watch.ts'
import { type Enrolment, makeStateStore, type StateStore } from './state-file.ts'
import { StatedError } from './stated-error.ts'
import { openRoute } from './tunnel/route.ts'

export type RunOptions = {
  readonly configPath: string
  readonly stop: AbortSignal
  readonly onReady: (line: ReadyLine) => void
  readonly log: Log
}

/**
 * Resolves when `stop` has aborted, or EC2 takes the machine back, and everything has drained; throws a
 * StatedError at the start.
 */
export async function run({
  configPath,
  stop: asked,
  ...options
}: RunOptions): Promise<'stopped' | 'reclaimed'> {
  const config = await readConfig(configPath)
  const stop = config.machine === 'ec2' ? await endOfInstance(asked, options.log) : asked
  await (config.mode === 'local' ? runLocal : runEnrolled)({ config, stop, ...options })
  return stop.reason === reclaimed ? 'reclaimed' : 'stopped'
}

async function endOfInstance(stop: AbortSignal, log: Log): Promise<AbortSignal> {
  // Only where it is needed: no other machine loads what speaks to AWS.
  const { readInstanceMetadata: read } = await import('./instance-metadata.ts')
  return reclaimSignal({ stop, read, clock: systemClock, log })
}

async function runEnrolled({
  config,
  stop,
  onReady,
  log,
}: Omit<RunOptions, 'configPath'> & { readonly config: HostConfig }): Promise<void> {
  const { node, state } = await openNode(config, log)
  const enrolment = (): Enrolment => enrolmentOf(state, node)
  const ingestUrl = checkedIngestUrl(config.ingest_url ?? enrolment().ingest_url)
  const clock = systemClock
  const serverClock = makeServerClock(clock, state.get().clock_offset_ms)
  const { nowMs } = serverClock
  const jobJournal = await openJobJournal(jobsFileOf(config.state_file))
  const limits = () => tightened(config.owner_limits, jobJournal.get().settings)
  const slotsMax = () => limits().max_concurrency
  const machine = await openMachine({ config, state, clock, nowMs, slotsMax, log })
  const { monitor, gpus, nodeState, slots, counters, uptimeMs } = machine
  const journal = await openClaimJournal({ path: claimsFileOf(config.state_file), nowMs, log })
  const controlPlane = makeControlPlane({ ...node, ingestUrl, clock, serverClock })

  const operatorKeys = makeOperatorKeys({
    enrolment,
    keep: (learned_keys) => state.update({ enrolment: { ...enrolment(), learned_keys } }),
    nowMs,
    log,
  })
  const running = makeRunning()
  const expectation = () => ({
    stage: enrolment().stage,
    nodeId: node.nodeId,
    routeEpoch: enrolment().route_epoch,
    rootPublicKeys: operatorKeys.ticketRoots(),
    nowMs: nowMs(),
    bootedAtMs: nowMs() - uptimeMs(),
  })
  const tls = await readRouteTls(config)
  const server = await startProxyServer({
    listen: config.listen,
    ...(tls === undefined ? {} : { tls }),
    dispatch: makeDispatch({
      expectation,
      takesWork: () => nodeState.current() === 'ready',
      targetOf: monitor.targetOf,
      slots,
      node,
      counters,
      running,
      keepClaim: journal.keep,
      progressed: machine.progressed,
      monotonicMs: clock.monotonicMs,
      timeouts: runtimeTimeouts,
      log,
    }),
    cancel: makeCancel({ expectation, running, monotonicMs: clock.monotonicMs, log }),
    routeProbe: makeRouteProbe({ node, routeEpoch: () => enrolment().route_epoch, nowMs }),
    log,
  })
  const route = openRoute({
    config,
    tunnel: () => enrolment().tunnel,
    port: server.port,
    clock,
    random: Math.random,
    log,
    changed: () => beats.nudge(),
  })

  const jobs = openJobs({
    config,
    journal: jobJournal,
    node,
    enrolment,
    jobKeys: operatorKeys.jobKeys,
    machine,
    state,
    route,
    controlPlane,
    clock,
    nowMs,
    log,
  })

  const bootId = randomUUID()
  const beats = makeHeartbeatLoop({
    controlPlane,
    compose: (stamp, models) =>
      beatBody(
        {
          nodeId: node.nodeId,
          bootId,
          uptimeMs: uptimeMs(),
          state: nodeState.current(),
          mode: config.mode,
          ownerLimits: reportedLimits(limits()),
          tunnel: { ...route.report(), route_epoch: enrolment().route_epoch },
          gpus: gpus.latest(),
          hostFacts: gpus.hostFacts(),
          runtimes: monitor.reports(),
          models,
          counters: counters.totals(),
          jobs: jobs.standing(),
          keysDigest: operatorKeys.digest(),
        },
        stamp,
      ),
    inventoryModels: monitor.models,
    hostFacts: gpus.hostFacts,
    onReply: (reply) => {
      // First, because a job may be signed by a key that came with it.
      operatorKeys.learn(reply.keys)
      jobs.offer(reply.jobs)
    },
    enrolment,
    state,
    nodeState,
    clock,
    serverClock,
    random: Math.random,
    log,
  })
  const offers = makeOfferLoop({
    journal,
    offer: (batch) => controlPlane.lateClaims(batch, enrolment().stage),
    nodeId: node.nodeId,
    clock,
    serverClock,
    random: Math.random,
    log,
  })

  onReady({ ready: true, port: server.port, node_id: node.nodeId })
  log('started', { node_id: node.nodeId, port: server.port, mode: config.mode })
  // At once, so that the last beat tells of it.
  const drain = () => nodeState.drain('stop')
  stop.addEventListener('abort', drain, { once: true })
  if (stop.aborted) drain()
  const woke = (sleptMs: number) => {
    log('woke', { slept_ms: sleptMs })
    beats.nudge()
  }
  // The tunnel carries what drains, so it ends after that.
  const drained = new AbortController()
  const loop = (name: string, loop: (stop: AbortSignal) => Promise<void>, until = stop) =>
    keepGoing({ name, loop, stop: until, clock, log })
  await Promise.all([
    beats.run(stop),
    loop('machine', (stop) => machine.watch(stop, beats.nudge)),
    loop('sleep', (stop) => watchSleep({ clock, stop, woke })),
    loop('claims', offers),
    loop('jobs', jobs.run),
    loop('route', route.run, drained.signal),
    drainAfter(stop, { server, slots, clock }).finally(() => drained.abort()),
  ])
  await journal.flush()
  await state.flush()
  log('stopped', counters.totals())
}

async function openNode(
  config: HostConfig,
  log: Log,
): Promise<{ readonly node: NodeKey; readonly state: StateStore }> {
  const { node, state: initial } = await loadEnrolledKey(config)
  if (node === undefined || initial.enrolment === null) {
    throw new StatedError('This host is not enrolled: run b3iq-host enroll with a join code first.')
  }
  return { node, state: makeStateStore({ path: config.state_file, initial, log }) }
}

function enrolmentOf(state: StateStore, node: NodeKey): Enrolment {
  const { enrolment } = state.get()
  if (enrolment === null) throw new Error(`the enrolment of ${node.nodeId} was lost`)
  return enrolment
}
