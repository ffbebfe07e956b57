/**
 * llama.cpp's server: one model per process, known by the file it was loaded from. `/slots` and
 * `/metrics` can each be switched off, so either is enough to see the load. Started without a model
 * it is a router before several such servers.
 */
import * as z from 'zod'
import { ggufModel, shortName } from './gguf-model.ts'
import { contextOf, Props, readLoad } from './llamacpp-load.ts'
import { readRouter } from './llamacpp-router.ts'
import { clipVersion, type ReadRuntime } from './reading.ts'

const Models = z.looseObject({
  data: z
    .array(
      z.looseObject({
        id: z.string().min(1),
        meta: z.looseObject({ n_ctx_train: z.int().min(1).optional() }).nullish(),
      }),
    )
    .min(1),
})

export const readLlamacpp: ReadRuntime = async (surface, deps) => {
  const [health, props, models] = await Promise.all([
    surface.status('/health'),
    surface.json('/props', Props),
    surface.json('/v1/models', Models),
  ])
  if (health === undefined) return undefined
  const healthy = health === 200
  // While it loads, every path answers 503: it is there, and it is not ready.
  if (props === undefined) {
    return healthy
      ? undefined
      : { version: undefined, healthy, queue: undefined, models: undefined }
  }
  if (props.role === 'router') return readRouter(surface, { ...deps, props, healthy })
  const first = models?.data[0]
  const name = first && shortName(first.id, props.model_path)
  const [load, model] = await Promise.all([
    readLoad(surface, ''),
    name &&
      ggufModel({
        name,
        path: props.model_path,
        contextLength: contextOf(props) ?? first.meta?.n_ctx_train ?? null,
        digests: deps.digests,
      }),
  ])
  // Asleep on idle it is not blocked: the next request wakes it, as one loads a model of Ollama.
  const isAwake = healthy && props.is_sleeping !== true
  return {
    version: clipVersion(props.build_info),
    healthy,
    queue: load.queue && { ...load.queue, capacity: props.total_slots ?? load.slots },
    progress: load.progress,
    // Another file than before may be loaded: until it is hashed nobody knows what is served.
    models: name === undefined ? undefined : model ? [model] : [],
    loaded: name && isAwake ? [name] : [],
  }
}
