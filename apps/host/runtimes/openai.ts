/**
 * Any server that speaks OpenAI's protocol and shows no more than that: a list of names. SGLang and
 * LM Studio are read this way too until they have readers of their own.
 */
import * as z from 'zod'
import { clipText, nameDigest, type ReadRuntime } from './reading.ts'

export const Models = z.looseObject({
  data: z.array(z.looseObject({ id: z.string().min(1) })).max(4096),
})

export const readOpenai: ReadRuntime = async (surface) => {
  const models = await surface.json('/v1/models', Models)
  if (models === undefined) return undefined
  return {
    version: undefined,
    healthy: true,
    queue: undefined,
    models: models.data
      .filter((model) => model.id === clipText(model.id))
      .map((model) => ({
        local_name: model.id,
        artifact: {
          format: 'unknown',
          digest: nameDigest(model.id),
          quantization: null,
          size_bytes: null,
        },
        context_length: null,
      })),
  }
}
