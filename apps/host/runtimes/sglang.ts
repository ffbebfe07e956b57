/**
 * SGLang: version and limits from its server info, load from its metrics where they are switched
 * on, else from its load endpoint. Its server info also carries secrets of the owner, of which
 * nothing but the named fields is kept.
 */
import * as z from 'zod'
import { measure } from './measured.ts'
import { clipText, clipVersion, type QueueReading, type ReadRuntime } from './reading.ts'
import type { Surface } from './surface.ts'
import { Models, servedModels } from './vllm.ts'

export const ServerInfo = z.looseObject({
  version: z.string().min(1),
  model_path: z.string().min(1),
  max_running_requests: z.int().min(1).nullish(),
  quantization: z.string().nullish(),
})

const count = z.int().min(0)
/** One entry per data-parallel rank; `num_reqs` counts those that wait too. */
const Loads = z.array(z.looseObject({ num_reqs: count, num_waiting_reqs: count })).max(1024)
type Loads = z.infer<typeof Loads>

export const readSglang: ReadRuntime = async (surface) => {
  const [health, info, models, page] = await Promise.all([
    surface.status('/health'),
    readServerInfo(surface),
    surface.json('/v1/models', Models),
    surface.text('/metrics'),
  ])
  if (health === undefined) return undefined
  const healthy = health === 200
  const measured = measure(page, { kind: 'sglang', version: info?.version })
  const queue =
    measured.running === undefined
      ? loadsQueue(await surface.json('/get_load', Loads))
      : {
          running: measured.running,
          waiting: measured.waiting ?? 0,
          kvUsage: measured.kvUsage,
        }
  const quantization = clipText(info?.quantization ?? '') || null
  const local =
    models &&
    servedModels(models).map((model) => ({
      ...model,
      artifact: { ...model.artifact, quantization },
    }))
  return {
    version: clipVersion(info?.version),
    healthy,
    queue: queue && { ...queue, capacity: info?.max_running_requests ?? undefined },
    progress: measured.progress,
    models: local,
    loaded: healthy ? local?.map((model) => model.local_name) : [],
  }
}

/** The path was renamed; older servers know only the former. */
export async function readServerInfo(
  surface: Surface,
): Promise<z.infer<typeof ServerInfo> | undefined> {
  return (
    (await surface.json('/server_info', ServerInfo)) ??
    (await surface.json('/get_server_info', ServerInfo))
  )
}

function loadsQueue(loads: Loads | undefined): QueueReading | undefined {
  if (loads === undefined || loads.length === 0) return undefined
  const waiting = loads.reduce((sum, load) => sum + load.num_waiting_reqs, 0)
  const all = loads.reduce((sum, load) => sum + load.num_reqs, 0)
  return { running: Math.max(0, all - waiting), waiting }
}
