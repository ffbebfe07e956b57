/** The one shape in which every kind of runtime is read, and the report that beats carry of it. */
import type { RuntimeKind } from '../../../src/protocol/claim.ts'
import type { InventoryModel, RuntimeReport } from '../../../src/protocol/heartbeat.ts'
import type { ArtifactDigests } from './artifact-digest.ts'
import type { Surface } from './surface.ts'

/** `capacity` is undefined where the runtime does not tell how many requests it takes at once. */
export type QueueReading = {
  readonly running: number
  readonly waiting: number
  readonly capacity?: number
}

export type LocalModel = Omit<InventoryModel, 'runtime_id' | 'status' | 'remote'>

export type RuntimeReading = {
  /** Undefined where it was not told this time. */
  readonly version: string | undefined
  /** Answers, but says itself that it cannot work. */
  readonly healthy: boolean
  /** Undefined where the runtime shows no queue: then the agent counts. */
  readonly queue: QueueReading | undefined
  /** Undefined where they could not be told this time. */
  readonly models: readonly LocalModel[] | undefined
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
}

export function capacityOf(facts: Pick<ReportFacts, 'reading' | 'ownerConcurrency'>): number {
  const own = facts.reading?.queue?.capacity ?? facts.ownerConcurrency
  return Math.max(1, Math.min(own, facts.ownerConcurrency, capacityMax))
}

export function reportOf(facts: ReportFacts): RuntimeReport {
  const { reading, reachable, inFlight } = facts
  const seen = reachable ? reading?.queue : undefined
  const capacity = capacityOf(facts)
  const running = seen?.running ?? inFlight
  const waiting = seen?.waiting ?? 0
  return {
    id: facts.id,
    kind: facts.kind,
    version: facts.version,
    reachable,
    loaded: [],
    queue: {
      source: seen === undefined ? 'agent' : 'runtime',
      running,
      waiting,
      capacity,
      ...healthOf({ healthy: reading?.healthy === true, reachable, full: running >= capacity }),
    },
  }
}

function healthOf(facts: { healthy: boolean; reachable: boolean; full: boolean }): {
  health: RuntimeReport['queue']['health']
  reason: string | null
} {
  if (!facts.reachable) return { health: 'unhealthy', reason: 'the runtime does not answer' }
  if (!facts.healthy) return { health: 'unhealthy', reason: 'the runtime says it is not ready' }
  return facts.full
    ? { health: 'busy', reason: 'all slots are taken' }
    : { health: 'ok', reason: null }
}
