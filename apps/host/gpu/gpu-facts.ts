/**
 * What the machine is, which evidence such as a benchmark depends on. So nothing that passes may
 * change it: a driver that hangs for a minute leaves the facts as they were.
 */
import type { HostFacts } from '../../../src/protocol/heartbeat.ts'
import type { GpuSight } from './gpu-query.ts'

export type Platform = Pick<HostFacts, 'os' | 'arch'>

export const bareFacts = (platform: Platform): HostFacts => ({
  ...platform,
  driver: null,
  gpus: [],
})

/** What is not told this time stays as it was for the same card. */
export function factsAfter(before: HostFacts, sights: readonly GpuSight[]): HostFacts {
  const known = new Map(before.gpus.map((gpu) => [gpu.uuid, gpu]))
  const gpus = sights.map(({ report, computeCapability }) => {
    const earlier = known.get(report.uuid)
    return {
      uuid: report.uuid,
      name: report.name ?? earlier?.name ?? null,
      mem_total_mib: report.mem_total_mib ?? earlier?.mem_total_mib ?? null,
      compute_capability: computeCapability ?? earlier?.compute_capability ?? null,
    }
  })
  const [driver] = sights.flatMap((sight) => sight.driver ?? [])
  return {
    os: before.os,
    arch: before.arch,
    driver: driver ?? (sights.length === 0 ? null : before.driver),
    // The driver may number the cards anew after a restart.
    gpus: gpus.sort((one, other) => (one.uuid < other.uuid ? -1 : 1)),
  }
}
