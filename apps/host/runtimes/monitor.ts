/**
 * Watches the configured runtimes, each in its own loop, and keeps the latest reading. Beats, the
 * inventory and the proxy all look here and never wait for a runtime.
 */
import type { RuntimeKind } from '../../../src/protocol/claim.ts'
import type { InventoryModel, RuntimeReport } from '../../../src/protocol/heartbeat.ts'
import { limits } from '../../../src/protocol/limits.ts'
import type { Clock } from '../clock.ts'
import type { RuntimeConfig } from '../config.ts'
import type { Log } from '../log.ts'
import { messageOf } from '../stated-error.ts'
import type { ArtifactDigests } from './artifact-digest.ts'
import { detectKind, readerOf } from './detect.ts'
import { type Progress, progressAfter } from './progress.ts'
import { capacityOf, type LocalModel, type RuntimeReading, reportOf } from './reading.ts'
import { makeSurface } from './surface.ts'

const pollEveryMs = 5_000
/** A guess that nothing betters is not worth a dozen questions at each poll. */
const guessAgainMs = 60_000
/** Names in memory that one beat carries for all runtimes together: it must stay small. */
const loadedBytesMax = 4 * 1024

/** Where a dispatch for one artifact goes. */
export type Target = {
  readonly runtimeId: string
  readonly url: string
  readonly kind: RuntimeKind
  readonly version: string
  readonly localName: string
  readonly capacity: number
}

export type RuntimeMonitor = {
  readonly pollOnce: () => Promise<void>
  /** Polls until `stop` aborts. */
  readonly run: (stop: AbortSignal) => Promise<void>
  readonly reports: () => RuntimeReport[]
  readonly models: () => InventoryModel[]
  /** Undefined when no runtime that answers and is healthy serves this artifact. */
  readonly targetOf: (artifactDigest: string) => Target | undefined
}

type Watched = {
  readonly config: RuntimeConfig
  kind: RuntimeKind | undefined
  /** False while the kind is a guess that a further look may better. */
  isKindSettled: boolean
  /** When the guess was made last. */
  guessedAtMs: number
  version: string
  reachable: boolean
  reading: RuntimeReading | undefined
  progress: Progress | undefined
  /** Kept while the runtime is silent: what is installed does not change with that. */
  models: readonly LocalModel[]
}

export function makeRuntimeMonitor(deps: {
  readonly runtimes: readonly RuntimeConfig[]
  /** As many requests as may run now, whatever a runtime could take. */
  readonly ownerConcurrency: () => number
  readonly inFlight: (runtimeId: string) => number
  /** When a chunk of this runtime was last relayed, on the monotonic clock. */
  readonly lastProgressMs?: (runtimeId: string) => number | undefined
  readonly digests: ArtifactDigests
  readonly clock: Clock
  readonly log: Log
}): RuntimeMonitor {
  const watched = deps.runtimes.map(
    (config): Watched => ({
      config,
      kind: config.kind,
      isKindSettled: config.kind !== undefined,
      guessedAtMs: Number.NEGATIVE_INFINITY,
      version: 'unknown',
      reachable: false,
      reading: undefined,
      progress: undefined,
      models: [],
    }),
  )

  async function poll(runtime: Watched): Promise<void> {
    const { id, url } = runtime.config
    if (!runtime.isKindSettled && isGuessDue(runtime)) await settleKind(runtime)
    const { kind } = runtime
    const reading = kind === undefined ? undefined : await readerOf[kind](makeSurface(url), deps)
    const reachable = reading !== undefined
    if (reachable !== runtime.reachable) deps.log('runtime', { id, kind: kind ?? null, reachable })
    runtime.reachable = reachable
    // Another program may answer at this address next.
    if (!reachable && runtime.config.kind === undefined) runtime.isKindSettled = false
    if (reading === undefined) return
    runtime.reading = reading
    runtime.version = reading.version ?? runtime.version
    runtime.models = reading.models ?? runtime.models
    const inFlight = deps.inFlight(id)
    runtime.progress = progressAfter(
      runtime.progress,
      {
        running: reading.queue?.running ?? inFlight,
        marks: reading.progress,
        relayedAtMs: inFlight === 0 ? undefined : relayedAtMs(id),
      },
      deps.clock.monotonicMs(),
    )
  }

  /** Where we would know of a chunk and know of none, there was none. */
  const relayedAtMs = (id: string): number | undefined =>
    deps.lastProgressMs && (deps.lastProgressMs(id) ?? Number.NEGATIVE_INFINITY)

  const isGuessDue = ({ reachable, guessedAtMs }: Watched): boolean =>
    !reachable || deps.clock.monotonicMs() - guessedAtMs >= guessAgainMs

  async function settleKind(runtime: Watched): Promise<void> {
    runtime.guessedAtMs = deps.clock.monotonicMs()
    const found = await detectKind(makeSurface(runtime.config.url))
    if (found === undefined) return
    runtime.isKindSettled = found !== 'openai'
    if (found === runtime.kind) return
    runtime.kind = found
    runtime.version = 'unknown'
    runtime.progress = undefined
    // They were the other program's.
    runtime.models = []
  }

  async function pollSafely(runtime: Watched): Promise<void> {
    try {
      await poll(runtime)
    } catch (error) {
      runtime.reachable = false
      deps.log('runtime_poll_bug', { id: runtime.config.id, message: messageOf(error) })
    }
  }

  const capacity = ({ reading }: Watched) =>
    capacityOf({ reading, ownerConcurrency: deps.ownerConcurrency() })

  return {
    pollOnce: async () => {
      await Promise.all(watched.map(pollSafely))
    },
    run: async (stop) => {
      await Promise.all(
        watched.map(async (runtime) => {
          while (!stop.aborted) {
            await deps.clock.sleep(pollEveryMs, stop)
            if (!stop.aborted) await pollSafely(runtime)
          }
        }),
      )
    },
    reports: () =>
      withFewLoaded(
        watched.map(({ config, kind, version, reading, reachable, progress }) =>
          reportOf({
            id: config.id,
            kind: kind ?? 'openai',
            version,
            reading,
            reachable,
            inFlight: deps.inFlight(config.id),
            ownerConcurrency: deps.ownerConcurrency(),
            stalledMs: progress?.stalledMs,
          }),
        ),
      ),
    models: () =>
      watched
        .flatMap(({ config, models }) =>
          models.map(
            (model): InventoryModel => ({
              ...model,
              runtime_id: config.id,
              status: 'installed',
              remote: false,
            }),
          ),
        )
        .sort(byRuntimeThenName)
        .slice(0, limits.modelsPerNode),
    targetOf: (artifactDigest) => {
      for (const runtime of watched) {
        const { config, kind, version, reading, reachable } = runtime
        const model = runtime.models.find(({ artifact }) => artifact.digest === artifactDigest)
        if (model && kind && reachable && reading?.healthy) {
          return {
            runtimeId: config.id,
            url: config.url,
            kind,
            version,
            localName: model.local_name,
            capacity: capacity(runtime),
          }
        }
      }
      return undefined
    },
  }
}

/** A fixed order, so that the digest changes only with the models. */
function byRuntimeThenName(one: InventoryModel, other: InventoryModel): number {
  const [left, right] = [one, other].map((model) => `${model.runtime_id}\n${model.local_name}`)
  return (left ?? '') < (right ?? '') ? -1 : 1
}

/** Those of the first runtimes first; what is left out is only not known to be warm. */
function withFewLoaded(reports: readonly RuntimeReport[]): RuntimeReport[] {
  let left = loadedBytesMax
  return reports.map((report) => {
    const loaded = report.loaded.filter((name) => {
      left -= Buffer.byteLength(JSON.stringify(name))
      return left >= 0
    })
    return { ...report, loaded }
  })
}
