/** One bounded look at runtimes and GPUs from outside the running agent. Changes nothing. */
import { systemClock } from '../clock.ts'
import type { HostConfig } from '../config.ts'
import { makeGpuMonitor } from '../gpu/gpu-monitor.ts'
import type { Smi } from '../gpu/smi.ts'
import { type ArtifactDigests, rememberedDigests } from '../runtimes/artifact-digest.ts'
import { makeRuntimeMonitor, type RuntimeMonitor } from '../runtimes/monitor.ts'
import type { HostState } from '../state-file.ts'
import type { Look } from './report.ts'

/** Has looked once; what the agent counts itself reads as 0. */
export async function lookAtRuntimes(
  config: Pick<HostConfig, 'runtimes' | 'owner_limits'>,
  digests: ArtifactDigests,
): Promise<RuntimeMonitor> {
  const monitor = makeRuntimeMonitor({
    runtimes: config.runtimes,
    ownerConcurrency: () => config.owner_limits.max_concurrency,
    inFlight: () => 0,
    digests,
    clock: systemClock,
    log: () => undefined,
  })
  await monitor.pollOnce()
  return monitor
}

export async function lookAround(
  config: Pick<HostConfig, 'runtimes' | 'owner_limits'>,
  state: Pick<HostState, 'hashed_files'>,
  smi?: Smi,
): Promise<Look> {
  const gpus = makeGpuMonitor({
    clock: systemClock,
    own: () => ({ kinds: [], running: 0 }),
    ...(smi === undefined ? {} : { smi }),
  })
  const [monitor] = await Promise.all([
    lookAtRuntimes(config, rememberedDigests(state.hashed_files)),
    gpus.readOnce(),
  ])
  return { runtimes: monitor.reports(), gpus: gpus.latest() }
}
