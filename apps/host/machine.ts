/**
 * What every mode of the agent has: the runtimes and GPUs of this machine, its slots, and what the
 * owner allows. Whether a control plane is there makes no difference here.
 */
import type { NowMs } from '../../src/protocol/clock.ts'
import type { Clock } from './clock.ts'
import type { HostConfig } from './config.ts'
import { makeGpuMonitor } from './gpu/gpu-monitor.ts'
import type { Log } from './log.ts'
import { makeNodeState, type Standing } from './node-state.ts'
import { pauseFileOf } from './owner-pause-file.ts'
import { makeOwnerWatch } from './owner-watch.ts'
import { makeCounters } from './proxy/counters.ts'
import { makeSlots } from './proxy/slots.ts'
import { makeArtifactDigests } from './runtimes/artifact-digest.ts'
import { makeRuntimeMonitor } from './runtimes/monitor.ts'
import type { StateStore } from './state-file.ts'

export type Machine = Awaited<ReturnType<typeof openMachine>>

/** Resolves after one bounded look at everything, so that what is told first is true. */
export async function openMachine(deps: {
  readonly config: HostConfig
  readonly state: StateStore
  readonly clock: Clock
  /** The server's time. */
  readonly nowMs: NowMs
  /** A ceiling below the owner's own, where something sets one. */
  readonly slotsMax?: () => number
  readonly log: Log
}) {
  const { config, state, clock, log } = deps
  const limits = config.owner_limits
  const bootedAtMs = clock.monotonicMs()
  const progressAtMs = new Map<string, number>()
  const gpus = makeGpuMonitor({
    clock,
    own: () => {
      const reports = monitor.reports()
      const running = reports.reduce((sum, { queue }) => sum + queue.running, 0)
      return { kinds: reports.map(({ kind }) => kind), running }
    },
  })
  const slotsNow = () => Math.min(owner.slots(), deps.slotsMax?.() ?? Number.POSITIVE_INFINITY)
  const slots = makeSlots(slotsNow)
  const owner = makeOwnerWatch({
    limits,
    pauseFile: pauseFileOf(config.state_file),
    gpus: gpus.latest,
    inFlight: () => slots.inFlight(),
    clock,
    nowMs: deps.nowMs,
  })
  const nodeState = makeNodeState({
    monotonicMs: clock.monotonicMs,
    ownerPause: owner.pause,
    userActive: () => limits.pause_when_gpu_used && gpus.usedByOthers(),
  })
  const digests = makeArtifactDigests({
    known: () => state.get().hashed_files,
    remember: (hashed_files) => state.update({ hashed_files: [...hashed_files] }),
    sleep: clock.sleep,
  })
  const monitor = makeRuntimeMonitor({
    runtimes: config.runtimes,
    ownerConcurrency: slotsNow,
    inFlight: slots.inFlight,
    lastProgressMs: (runtimeId) => progressAtMs.get(runtimeId),
    digests,
    clock,
    log,
  })
  await Promise.all([monitor.pollOnce(), gpus.firstLook()])
  await owner.look()

  /** `changed` is called when the node starts or stops to take work; the first beat tells the first. */
  async function watch(stop: AbortSignal, changed: () => void): Promise<void> {
    let last: Standing | undefined
    const looked = () => {
      const standing = nodeState.standing()
      if (last?.state === standing.state && last.reason === standing.reason) return
      state.update({ standing })
      log('standing', standing)
      if (last !== undefined) changed()
      last = standing
    }
    // Where one has a bug all are begun again, so the others must not go on beside that.
    const failed = new AbortController()
    const until = AbortSignal.any([stop, failed.signal])
    const loops = [monitor.run(until), gpus.run(until), owner.run(until, looked)]
    await Promise.all(loops).finally(() => failed.abort())
  }

  return {
    slots,
    nodeState,
    monitor,
    gpus,
    counters: makeCounters(),
    uptimeMs: () => clock.monotonicMs() - bootedAtMs,
    /** A chunk of this runtime was relayed. */
    progressed: (runtimeId: string) => void progressAtMs.set(runtimeId, clock.monotonicMs()),
    watch,
  }
}
