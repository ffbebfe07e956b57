/**
 * LM Studio: every model on disk with those in memory marked, from its own REST API; versions before
 * 0.4 have only the older form of it, and the oldest a list of names. It shows neither its version
 * nor a queue, so the agent counts.
 */
import * as z from 'zod'
import { readOpenai } from './openai.ts'
import { clipText, type LocalModel, nameDigest, type ReadRuntime, reachesWhole } from './reading.ts'

const tokens = z.int().min(1)

export const ModelsV1 = z.looseObject({
  models: z
    .array(
      z.looseObject({
        key: z.string().min(1),
        format: z.string().nullish(),
        quantization: z.looseObject({ name: z.string().nullish() }).nullish(),
        size_bytes: z.int().min(0).nullish(),
        max_context_length: tokens.nullish(),
        loaded_instances: z.array(
          z.looseObject({
            config: z.looseObject({ context_length: tokens.nullish() }).nullish(),
          }),
        ),
      }),
    )
    .max(4096),
})

export const ModelsV0 = z.looseObject({
  data: z
    .array(
      z.looseObject({
        id: z.string().min(1),
        state: z.string(),
        compatibility_type: z.string().nullish(),
        quantization: z.string().nullish(),
        max_context_length: tokens.nullish(),
        loaded_context_length: tokens.nullish(),
      }),
    )
    .max(4096),
})

type Listed = {
  readonly name: string
  readonly format: string | null | undefined
  readonly quantization: string | null | undefined
  readonly sizeBytes: number | null | undefined
  readonly isLoaded: boolean
  /** As it was loaded, else as it could be. */
  readonly contextLength: number | null | undefined
}

export const readLmstudio: ReadRuntime = async (surface, deps) => {
  const v1 = await surface.json('/api/v1/models', ModelsV1)
  const v0 = v1 === undefined ? await surface.json('/api/v0/models', ModelsV0) : undefined
  const listed = v1?.models.map(fromV1) ?? v0?.data.map(fromV0)
  if (listed === undefined) return readOpenai(surface, deps)
  const models = listed.filter(({ name }) => reachesWhole(name))
  return {
    version: undefined,
    healthy: true,
    queue: undefined,
    models: models.map(localModel),
    loaded: models.filter(({ isLoaded }) => isLoaded).map(({ name }) => name),
  }
}

function fromV1(model: z.infer<typeof ModelsV1>['models'][number]): Listed {
  const [instance] = model.loaded_instances
  return {
    name: model.key,
    format: model.format,
    quantization: model.quantization?.name,
    sizeBytes: model.size_bytes,
    isLoaded: instance !== undefined,
    contextLength: instance?.config?.context_length ?? model.max_context_length,
  }
}

function fromV0(model: z.infer<typeof ModelsV0>['data'][number]): Listed {
  return {
    name: model.id,
    format: model.compatibility_type,
    quantization: model.quantization,
    sizeBytes: null,
    isLoaded: model.state === 'loaded',
    contextLength: model.loaded_context_length ?? model.max_context_length,
  }
}

function localModel(listed: Listed): LocalModel {
  return {
    local_name: listed.name,
    artifact: {
      format: clipText(listed.format || 'unknown'),
      digest: nameDigest(listed.name),
      quantization: clipText(listed.quantization || '') || null,
      size_bytes: listed.sizeBytes ?? null,
    },
    context_length: listed.contextLength ?? null,
  }
}
