/**
 * Ollama. It shows no queue, so the agent counts; and it lists models that Ollama's cloud would
 * serve beside local ones, which are dropped: selling them would be selling another's service.
 */
import * as z from 'zod'
import {
  clipText,
  clipVersion,
  type LocalModel,
  type ReadRuntime,
  reachesWhole,
} from './reading.ts'

export const Version = z.looseObject({ version: z.string().min(1) })

const Tags = z.looseObject({
  models: z
    .array(
      z.looseObject({
        name: z.string().min(1),
        size: z.int().min(0).optional(),
        digest: z.string().optional(),
        details: z
          .looseObject({
            format: z.string().nullish(),
            quantization_level: z.string().nullish(),
            context_length: z.int().min(0).nullish(),
          })
          .nullish(),
        remote_model: z.string().nullish(),
        remote_host: z.string().nullish(),
      }),
    )
    .max(4096),
})
type Tag = z.infer<typeof Tags>['models'][number]

const Loaded = z.looseObject({
  models: z
    .array(z.looseObject({ name: z.string(), context_length: z.int().min(0).nullish() }))
    .max(4096),
})

export const readOllama: ReadRuntime = async (surface) => {
  const [version, tags, loaded] = await Promise.all([
    surface.json('/api/version', Version),
    surface.json('/api/tags', Tags),
    surface.json('/api/ps', Loaded),
  ])
  if (version === undefined) return undefined
  const contexts = new Map(loaded?.models.map((model) => [model.name, model.context_length]))
  const models = tags?.models.flatMap((tag) => localModel(tag, contexts.get(tag.name)))
  return {
    version: clipVersion(version.version),
    healthy: true,
    queue: undefined,
    models,
    // Models of its cloud are listed as loaded too.
    loaded: models?.map((model) => model.local_name).filter((name) => contexts.has(name)),
  }
}

function localModel(tag: Tag, loadedContext: number | null | undefined): LocalModel[] {
  const hex = /^(?:sha256:)?([0-9a-f]{64})$/.exec(tag.digest ?? '')?.[1]
  if (tag.remote_host || tag.remote_model || hex === undefined) return []
  if (!reachesWhole(tag.name)) return []
  return [
    {
      local_name: tag.name,
      artifact: {
        format: clipText(tag.details?.format || 'gguf'),
        digest: `sha256:${hex}`,
        quantization: clipText(tag.details?.quantization_level || '') || null,
        size_bytes: tag.size ?? null,
      },
      // What it was loaded with is what it serves; the model's own limit is often higher.
      context_length: loadedContext || tag.details?.context_length || null,
    },
  ]
}
