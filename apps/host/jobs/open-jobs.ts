/** Jobs on the running agent: what they may see of it, and the runner that keeps to the rules. */
import { statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { JobPublicKey } from '../../../src/protocol/enrolment.ts'
import type { Clock } from '../clock.ts'
import type { HostConfig } from '../config.ts'
import { reportedLimits } from '../config.ts'
import type { ControlPlane } from '../control-plane.ts'
import type { Log } from '../log.ts'
import type { Machine } from '../machine.ts'
import type { NodeKey } from '../node-key.ts'
import type { Enrolment, StateStore } from '../state-file.ts'
import type { OpenRoute } from '../tunnel/route.ts'
import { agentVersion } from '../version.ts'
import { execute } from './execute.ts'
import type { Ground } from './ground.ts'
import type { JobJournal } from './job-journal.ts'
import { tightened } from './job-limits.ts'
import { type JobRunner, makeJobRunner } from './job-runner.ts'
import { releasePublicKey } from './release-key.ts'

export type OpenJobsDeps = {
  readonly config: HostConfig
  readonly journal: JobJournal
  readonly node: NodeKey
  readonly enrolment: () => Enrolment
  readonly jobKeys: () => readonly JobPublicKey[]
  readonly machine: Pick<
    Machine,
    'monitor' | 'gpus' | 'nodeState' | 'slots' | 'counters' | 'uptimeMs'
  >
  readonly state: StateStore
  readonly route: Pick<OpenRoute, 'report' | 'reconnect'>
  readonly controlPlane: Pick<ControlPlane, 'jobReport'>
  readonly clock: Clock
  /** By the server's clock. */
  readonly nowMs: () => number
  readonly log: Log
}

/** A drain by a job outlives the agent: it stands again from the start. */
export function openJobs(deps: OpenJobsDeps): JobRunner {
  const { config, journal, node, enrolment, machine, nowMs } = deps
  if (journal.get().drained) machine.nodeState.drain('operator')
  const ground = groundOf(deps)
  return makeJobRunner({
    journal,
    expectation: () => ({
      stage: enrolment().stage,
      nodeId: node.nodeId,
      jobKeys: deps.jobKeys(),
      nowMs: nowMs(),
      agentVersion,
      mode: config.mode,
    }),
    signer: node.signer,
    preflight: ground,
    execute: (order, run) => execute(order, ground, run),
    report: (jobId, report) => deps.controlPlane.jobReport(jobId, report, enrolment().stage),
    sleep: deps.clock.sleep,
    log: deps.log,
  })
}

function groundOf(deps: OpenJobsDeps): Ground {
  const { config, journal, machine, state, route } = deps
  const { monitor, gpus, nodeState, slots, counters } = machine
  const limits = () => tightened(config.owner_limits, journal.get().settings)
  const runtimes = () =>
    monitor.reports().flatMap(({ id, kind, reachable }) => {
      const configured = config.runtimes.find((runtime) => runtime.id === id)
      return configured
        ? [{ id, kind, reachable, url: configured.url, service: configured.service }]
        : []
    })
  const facts = () => ({
    ...nodeState.standing(),
    agent: agentVersion,
    mode: config.mode,
    uptime_s: Math.floor(machine.uptimeMs() / 1000),
    gpus: gpus.latest().length,
  })
  return {
    inFlight: () => slots.inFlight(),
    isRuntimeReachable: () => runtimes().some(({ reachable }) => reachable),
    diskFreeBytes: () => freeBytes(dirname(config.state_file)),
    runtimes,
    models: monitor.models,
    poll: monitor.pollOnce,
    fileOf: (digest) => {
      const file = state.get().hashed_files.find((one) => one.digest === digest)
      return file && { path: file.path, sizeBytes: file.size_bytes }
    },
    reconnect: route.reconnect,
    tunnel: () => ({ ...route.report() }),
    keepSetting: ({ key, value }) =>
      journal.change(({ settings }) => ({ settings: { ...settings, [key]: value } })),
    limits: () => {
      const { max_concurrency, paid_enabled } = limits()
      return { max_concurrency, paid_enabled }
    },
    setDrained: async (drained) => {
      await journal.change(() => ({ drained }))
      if (drained) nodeState.drain('operator')
      else nodeState.resume()
    },
    facts,
    diagnostics: () => ({
      ...facts(),
      node: process.version,
      os: process.platform,
      arch: process.arch,
      owner_limits: { ...reportedLimits(limits()) },
      agent_update: config.owner_limits.agent_update,
      tunnel: { ...route.report() },
      runtimes: monitor.reports().map((report) => ({ ...report, queue: { ...report.queue } })),
      models: monitor.models().map(({ local_name, runtime_id, artifact, status }) => {
        return { local_name, runtime_id, digest: artifact.digest, status }
      }),
      gpu_reports: gpus.latest().map((report) => ({ ...report })),
      counters: { ...counters.totals() },
      last_beat: state.get().last_beat,
      eligibility: state.get().eligibility.map(({ profile_id, eligible, blockers }) => {
        return { profile_id, eligible, blockers: blockers.map(({ code }) => code) }
      }),
    }),
    agentUpdate: config.owner_limits.agent_update,
    agentVersion,
    releasePublicKey,
    releasesFolder: join(dirname(config.state_file), 'releases'),
    serviceCommand: 'systemctl',
  }
}

async function freeBytes(folder: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(folder)
    return bavail * bsize
  } catch {
    return undefined
  }
}
