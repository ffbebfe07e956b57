/**
 * `b3iq-host bench`: how fast the local runtimes are when asked directly. It tells the owner what to
 * expect, and is evidence for nobody: the operator measures for itself.
 */
import { randomUUID } from 'node:crypto'
import { benchPrompt } from './bench/prompt.ts'
import { ramp } from './bench/ramp.ts'
import { type Sample, takeSample } from './bench/sample.ts'
import { benchText, levelText, type Measured, notEvidence } from './bench/text.ts'
import { systemClock } from './clock.ts'
import { type HostConfig, readConfig } from './config.ts'
import type { ArtifactDigests } from './runtimes/artifact-digest.ts'
import type { RuntimeMonitor } from './runtimes/monitor.ts'
import { StatedError } from './stated-error.ts'
import { lookAtRuntimes } from './status/look.ts'
import type { Printed } from './status.ts'

type Bounds = {
  readonly tokensMax: number
  /** For one runtime, after its model is loaded. */
  readonly measureMs: number
}

const usualBounds: Bounds = { tokensMax: 128, measureMs: 60_000 }
/** Reading a large model from disk takes this long at worst. */
const warmUpMs = 120_000
/** Some models only embed; whoever has more of them than this names one that chats. */
const modelsTriedMax = 3
const timeouts = { connectMs: 5_000, headersMs: warmUpMs, idleMs: 30_000 }

/** Exit code 1 when a runtime could not be measured. Throws a StatedError for a bad config or name. */
export async function bench(options: {
  readonly configPath: string
  readonly json: boolean
  /** A local name; left out, what is in memory comes first. */
  readonly model: string | undefined
  readonly progress: (line: string) => void
  /** Replaced in tests only. */
  readonly bounds?: Bounds
}): Promise<Printed> {
  const { bounds = usualBounds } = options
  const config = await readConfig(options.configPath)
  const monitor = await lookAtRuntimes(config, namesAlone)
  const asked = runtimesWith(options.model, { config, monitor })
  if (asked.length === 0) {
    throw new StatedError(`No runtime has the model ${options.model}: b3iq-host status names them.`)
  }
  const measured: Measured[] = []
  // One after the other: they share the machine.
  for (const runtime of asked) {
    measured.push(await measureRuntime(runtime, { ...options, bounds, monitor }))
  }
  return {
    text: options.json
      ? JSON.stringify({ note: notEvidence, runtimes: measured }, null, 2)
      : benchText(measured),
    exitCode: measured.every(({ levels }) => levels.length > 0) ? 0 : 1,
  }
}

/** What is measured need not be identified first, which takes minutes for a large file. */
const namesAlone: ArtifactDigests = { ofFile: async () => ({ state: 'unreadable' }) }

function runtimesWith(
  model: string | undefined,
  { config, monitor }: { readonly config: HostConfig; readonly monitor: RuntimeMonitor },
): HostConfig['runtimes'] {
  const having = monitor
    .models()
    .filter(({ local_name }) => local_name === model)
    .map(({ runtime_id }) => runtime_id)
  return config.runtimes.filter(({ id }) => model === undefined || having.includes(id))
}

async function measureRuntime(
  { id, url }: HostConfig['runtimes'][number],
  by: {
    readonly monitor: RuntimeMonitor
    readonly model: string | undefined
    readonly progress: (line: string) => void
    readonly bounds: Bounds
  },
): Promise<Measured> {
  const nothing = { runtime_id: id, model: null, levels: [] }
  const report = by.monitor.reports().find((one) => one.id === id)
  if (!report?.reachable) return { ...nothing, ended: 'unreachable' }
  const installed = by.monitor
    .models()
    .filter(({ runtime_id }) => runtime_id === id)
    .map(({ local_name }) => local_name)
  const candidates =
    by.model === undefined ? [...new Set([...report.loaded, ...installed])] : [by.model]
  for (const model of candidates.slice(0, modelsTriedMax)) {
    by.progress(`${id}: loading ${model}`)
    const ask = (signal: AbortSignal): Promise<Sample> =>
      takeSample(
        { url, model, prompt: benchPrompt(randomUUID()), tokensMax: by.bounds.tokensMax },
        { signal, timeouts, monotonicMs: systemClock.monotonicMs },
      )
    const warmUp = await ask(AbortSignal.timeout(warmUpMs))
    if (!warmUp.ok) {
      by.progress(`${id}: ${model} does not chat (${warmUp.reason})`)
      continue
    }
    const over = AbortSignal.timeout(by.bounds.measureMs)
    const { levels, ended } = await ramp({
      sample: () => ask(over),
      isOver: () => over.aborted,
      monotonicMs: systemClock.monotonicMs,
      onLevel: (level) => by.progress(`${id}: ${levelText(level)}`),
    })
    return { runtime_id: id, model, levels, ended }
  }
  return { ...nothing, ended: 'no_model' }
}
