/** Any server that speaks OpenAI's protocol and shows no more than that: a list of names. */
import * as z from 'zod'
import { nameDigest, type ReadRuntime, reachesWhole } from './reading.ts'

export const Models = z.looseObject({
  data: z.array(z.looseObject({ id: z.string().min(1), owned_by: z.string().nullish() })).max(4096),
})

export const readOpenai: ReadRuntime = async (surface) => {
  const models = await surface.json('/v1/models', Models)
  if (models === undefined) return undefined
  return {
    version: undefined,
    healthy: true,
    queue: undefined,
    models: models.data
      .filter(({ id }) => reachesWhole(id))
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
