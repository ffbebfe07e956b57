/** The one shape in which every kind of runtime is read, and the report that beats carry of it. */
import type { RuntimeKind } from '../../../src/protocol/claim.ts'
import type { InventoryModel, RuntimeReport } from '../../../src/protocol/heartbeat.ts'
import type { ArtifactDigests } from './artifact-digest.ts'
import { queueHealth } from './queue-health.ts'
import type { Surface } from './surface.ts'

/** `capacity` is undefined where the runtime does not tell how many requests it takes at once. */
export type QueueReading = {
  readonly running: number
  readonly waiting: number
  readonly waitingForCapacity?: number | undefined
  readonly capacity?: number | undefined
  /** 0 to 1. */
  readonly kvUsage?: number | undefined
}

export type LocalModel = Omit<InventoryModel, 'runtime_id' | 'status' | 'remote'>

export type RuntimeReading = {
  /** Undefined where it was not told this time. */
  readonly version: string | undefined
  /** Answers, but says itself that it cannot work. */
  readonly healthy: boolean
  /** A sentence where the engine was put to sleep or paused. */
  readonly paused?: string | undefined
  /** Undefined where the runtime shows no queue: then the agent counts. */
  readonly queue: QueueReading | undefined
  /** Counters that move while tokens are made; undefined where there are none. */
  readonly progress?: readonly number[] | undefined
  /** Undefined where they could not be told this time. */
  readonly models: readonly LocalModel[] | undefined
  /** Local names of the models in memory; undefined where the runtime does not tell. */
  readonly loaded?: readonly string[] | undefined
}

/** Undefined when the runtime does not answer as its kind should. */
export type ReadRuntime = (
  surface: Surface,
  deps: { readonly digests: ArtifactDigests },
) => Promise<RuntimeReading | undefined>

/** Longest text that the protocol carries. */
const textMax = 128
const versionMax = 32
const capacityMax = 4096

export const clipText = (text: string): string => text.slice(0, textMax)
export const clipVersion = (text: string | undefined): string | undefined =>
  text?.slice(0, versionMax) || undefined

/** A name that had to be cut would no longer reach its model. */
export const reachesWhole = (name: string): boolean => name === clipText(name)

/** The weaker identity, where no bytes can be hashed: only the name is known. */
export function nameDigest(name: string): string {
  return `name:${name.replace(/[^\x21-\x7e]/g, '_').slice(0, 120) || 'unnamed'}`
}

export type ReportFacts = {
  readonly id: string
  readonly kind: RuntimeKind
  /** The last that was told: evidence about a version must outlive a restart of the runtime. */
  readonly version: string
  readonly reading: RuntimeReading | undefined
  readonly reachable: boolean
  /** Dispatches of ours that this runtime works on. */
  readonly inFlight: number
  readonly ownerConcurrency: number
  /** See `Progress`. */
  readonly stalledMs?: number | undefined
}

export function capacityOf(facts: Pick<ReportFacts, 'reading' | 'ownerConcurrency'>): number {
  const own = facts.reading?.queue?.capacity ?? facts.ownerConcurrency
  return Math.max(1, Math.min(own, facts.ownerConcurrency, capacityMax))
}

export function reportOf(facts: ReportFacts): RuntimeReport {
  const { reading, reachable } = facts
  const seen = reachable ? reading?.queue : undefined
  const load = {
    running: seen?.running ?? facts.inFlight,
    waiting: seen?.waiting ?? 0,
    capacity: capacityOf(facts),
  }
  return {
    id: facts.id,
    kind: facts.kind,
    version: facts.version,
    reachable,
    loaded: reachable ? [...(reading?.loaded ?? [])] : [],
    queue: {
      source: seen === undefined ? 'agent' : 'runtime',
      ...load,
      ...queueHealth({
        ...load,
        reachable,
        healthy: reading?.healthy === true,
        paused: reading?.paused,
        waitingForCapacity: seen?.waitingForCapacity ?? 0,
        kvUsage: seen?.kvUsage,
        stalledMs: facts.stalledMs,
      }),
    },
  }
}
