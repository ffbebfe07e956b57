/**
 * vLLM: models by name and root, load from its Prometheus metrics. An engine that sleeps or is
 * paused keeps answering its health check, so that is asked for besides.
 */
import * as z from 'zod'
import { measure } from './measured.ts'
import {
  clipVersion,
  type LocalModel,
  nameDigest,
  type ReadRuntime,
  reachesWhole,
} from './reading.ts'

export const Version = z.looseObject({ version: z.string().min(1) })
export const Models = z.looseObject({
  data: z
    .array(
      z.looseObject({
        id: z.string().min(1),
        owned_by: z.string().nullish(),
        root: z.string().nullish(),
        max_model_len: z.int().min(1).nullish(),
      }),
    )
    .max(4096),
})
export type Models = z.infer<typeof Models>

/** Both exist only on servers in development mode, or of newer versions. */
const Sleeping = z.looseObject({ is_sleeping: z.boolean() })
const Paused = z.looseObject({ is_paused: z.boolean() })

export const readVllm: ReadRuntime = async (surface) => {
  const [health, told, models, page, sleeping, paused] = await Promise.all([
    surface.status('/health'),
    surface.json('/version', Version),
    surface.json('/v1/models', Models),
    surface.text('/metrics'),
    surface.json('/is_sleeping', Sleeping),
    surface.json('/is_paused', Paused),
  ])
  if (health === undefined) return undefined
  const healthy = health === 200
  const { running, waiting, waitingForCapacity, kvUsage, progress, awake } = measure(page, {
    kind: 'vllm',
    version: told?.version,
  })
  const asleep = sleeping?.is_sleeping === true || awake === false
  const local = models === undefined ? undefined : servedModels(models)
  return {
    version: clipVersion(told?.version),
    healthy,
    paused: asleep
      ? 'The engine sleeps: wake it up to serve.'
      : paused?.is_paused
        ? 'The engine is paused: resume it to serve.'
        : undefined,
    queue:
      running === undefined
        ? undefined
        : { running, waiting: waiting ?? 0, waitingForCapacity, kvUsage },
    progress,
    models: local,
    loaded: healthy && !asleep ? local?.map((model) => model.local_name) : [],
  }
}

/** What an engine serves under names, read the same way from vLLM and SGLang. */
export function servedModels({ data }: Models): LocalModel[] {
  return data
    .filter(({ id }) => reachesWhole(id))
    .map((model) => ({
      local_name: model.id,
      artifact: {
        format: 'safetensors',
        digest: nameDigest(model.root ?? model.id),
        quantization: null,
        size_bytes: null,
      },
      context_length: model.max_model_len ?? null,
    }))
}
