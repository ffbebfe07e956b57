/** A monitor before runtimes that answer with recorded surfaces, over real HTTP. */
import { createHash } from 'node:crypto'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type Clock, systemClock } from '../../../../apps/host/clock.ts'
import type { RuntimeConfig } from '../../../../apps/host/config.ts'
import {
  type ArtifactDigests,
  makeArtifactDigests,
} from '../../../../apps/host/runtimes/artifact-digest.ts'
import { makeRuntimeMonitor } from '../../../../apps/host/runtimes/monitor.ts'
import { startFakeRuntime } from './fake-runtime.ts'

export type RecordedSurface = Readonly<Record<string, unknown>>

export type Watching = {
  readonly kind?: RuntimeConfig['kind']
  readonly inFlight?: number
  readonly ownerConcurrency?: () => number
  readonly clock?: Clock
  readonly digests?: ArtifactDigests
  readonly lastProgressMs?: () => number | undefined
}

export function makeMonitor(urls: readonly string[], options: Watching = {}) {
  return makeRuntimeMonitor({
    runtimes: urls.map((url, index) => ({
      id: `rt${index + 1}`,
      url,
      ...(options.kind === undefined ? {} : { kind: options.kind }),
    })),
    ownerConcurrency: options.ownerConcurrency ?? (() => 8),
    inFlight: () => options.inFlight ?? 0,
    ...(options.lastProgressMs === undefined ? {} : { lastProgressMs: options.lastProgressMs }),
    digests:
      options.digests ??
      makeArtifactDigests({
        known: () => [],
        remember: () => undefined,
        sleep: systemClock.sleep,
      }),
    clock: options.clock ?? systemClock,
    log: () => undefined,
  })
}

/** A monitor that has looked once at runtimes with these surfaces. */
export async function look(surfaces: readonly RecordedSurface[], options: Watching = {}) {
  const runtimes = await Promise.all(surfaces.map((surface) => startFakeRuntime({ surface })))
  onTestFinished(async () => {
    await Promise.all(runtimes.map((runtime) => runtime.close().catch(() => undefined)))
  })
  const monitor = makeMonitor(
    runtimes.map(({ url }) => url),
    options,
  )
  await monitor.pollOnce()
  return { monitor, runtimes, reports: monitor.reports(), models: monitor.models() }
}

export async function modelFile(name: string, text = 'weights') {
  const path = join(await mkdtemp(join(tmpdir(), 'b3iq-model-')), name)
  await writeFile(path, text)
  return { path, digest: `sha256:${createHash('sha256').update(text).digest('hex')}` }
}
