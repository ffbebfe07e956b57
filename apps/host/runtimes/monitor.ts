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
import { capacityOf, type LocalModel, type RuntimeReading, reportOf } from './reading.ts'
import { makeSurface } from './surface.ts'

const pollEveryMs = 5_000

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
  version: string
  reachable: boolean
  reading: RuntimeReading | undefined
  /** Kept while the runtime is silent: what is installed does not change with that. */
  models: readonly LocalModel[]
}

export function makeRuntimeMonitor(deps: {
  readonly runtimes: readonly RuntimeConfig[]
  readonly ownerConcurrency: number
  readonly inFlight: (runtimeId: string) => number
  readonly digests: ArtifactDigests
  readonly clock: Clock
  readonly log: Log
}): RuntimeMonitor {
  const watched = deps.runtimes.map(
    (config): Watched => ({
      config,
      kind: config.kind,
      version: 'unknown',
      reachable: false,
      reading: undefined,
      models: [],
    }),
  )

  async function poll(runtime: Watched): Promise<void> {
    const { id, url } = runtime.config
    const surface = makeSurface(url)
    runtime.kind ??= await detectKind(surface)
    const reading =
      runtime.kind === undefined ? undefined : await readerOf[runtime.kind](surface, deps)
    const reachable = reading !== undefined
    if (reachable !== runtime.reachable) {
      deps.log('runtime', { id, kind: runtime.kind ?? null, reachable })
    }
    runtime.reachable = reachable
    if (reading === undefined) return
    runtime.reading = reading
    runtime.version = reading.version ?? runtime.version
    runtime.models = reading.models ?? runtime.models
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
    capacityOf({ reading, ownerConcurrency: deps.ownerConcurrency })

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
      watched.map(({ config, kind, version, reading, reachable }) =>
        reportOf({
          id: config.id,
          kind: kind ?? 'openai',
          version,
          reading,
          reachable,
          inFlight: deps.inFlight(config.id),
          ownerConcurrency: deps.ownerConcurrency,
        }),
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
