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
import type { BeatStamp } from './heartbeat-loop.ts'
import { agentVersion } from './version.ts'

export type BeatFacts = {
  readonly nodeId: string
  readonly bootId: string
  readonly uptimeMs: number
  readonly state: Heartbeat['state']
  readonly mode: Heartbeat['mode']
  readonly ownerLimits: Heartbeat['owner_limits']
  readonly tunnel: Heartbeat['tunnel']
  readonly gpus: readonly GpuReport[]
  readonly hostFacts: HostFacts
  readonly runtimes: readonly RuntimeReport[]
  readonly models: readonly InventoryModel[]
  readonly counters: Heartbeat['counters']
  /** None, where left out. */
  readonly jobs?: Heartbeat['jobs']
  /** Of the operator's published keys as they were learned last; null before the first. */
  readonly keysDigest: string | null
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
    mode: facts.mode,
    state: facts.state,
    owner_limits: facts.ownerLimits,
    tunnel: facts.tunnel,
    gpus: [...facts.gpus],
    runtimes: [...facts.runtimes],
    inventory_digest: inventoryDigest(facts.models),
    facts_digest: factsDigest(facts.hostFacts),
    keys_digest: facts.keysDigest,
    jobs: facts.jobs ?? { active: [], last_seq: 0 },
    counters: facts.counters,
  }
}
