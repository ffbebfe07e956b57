/** Puts a heartbeat together from snapshots that others keep fresh: it waits for nothing. */
import {
  factsDigest,
  type GpuReport,
  type Heartbeat,
  type HostFacts,
  type InventoryModel,
  inventoryDigest,
  type RuntimeReport,
} from '../../src/protocol/heartbeat.ts'
import type { HostConfig } from './config.ts'
import type { BeatStamp } from './heartbeat-loop.ts'
import { agentVersion } from './version.ts'

export type BeatFacts = {
  readonly nodeId: string
  readonly bootId: string
  readonly uptimeMs: number
  readonly state: Heartbeat['state']
  readonly config: Pick<HostConfig, 'mode' | 'owner_limits' | 'route'>
  readonly routeEpoch: number
  readonly gpus: readonly GpuReport[]
  readonly hostFacts: HostFacts
  readonly runtimes: readonly RuntimeReport[]
  readonly models: readonly InventoryModel[]
  readonly counters: Heartbeat['counters']
}

export function beatBody(facts: BeatFacts, stamp: BeatStamp): Heartbeat {
  return {
    v: 1,
    node_id: facts.nodeId,
    boot_id: facts.bootId,
    ...stamp,
    agent: {
      version: agentVersion,
      os: process.platform,
      arch: process.arch,
      uptime_s: Math.floor(facts.uptimeMs / 1000),
    },
    mode: facts.config.mode,
    state: facts.state,
    owner_limits: { schedule: null, max_power_w: null, ...facts.config.owner_limits },
    tunnel: { kind: facts.config.route.kind, state: 'up', route_epoch: facts.routeEpoch },
    gpus: [...facts.gpus],
    runtimes: [...facts.runtimes],
    inventory_digest: inventoryDigest(facts.models),
    facts_digest: factsDigest(facts.hostFacts),
    jobs: { active: [], last_seq: 0 },
    counters: facts.counters,
  }
}
