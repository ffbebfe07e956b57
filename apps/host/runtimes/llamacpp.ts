/**
 * llama.cpp's server: one model per process, known by the file it was loaded from. `/slots` and
 * `/metrics` can each be switched off, so either is enough to see the load.
 */
import { basename } from 'node:path'
import * as z from 'zod'
import type { ArtifactDigests } from './artifact-digest.ts'
import { requestCount } from './prometheus.ts'
import {
  clipText,
  clipVersion,
  type LocalModel,
  nameDigest,
  type QueueReading,
  type ReadRuntime,
} from './reading.ts'

export const Props = z.looseObject({
  model_path: z.string().min(1),
  build_info: z.string().optional(),
  total_slots: z.int().min(1).optional(),
  default_generation_settings: z.looseObject({ n_ctx: z.int().min(1).optional() }).optional(),
})
type Props = z.infer<typeof Props>

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

const Slots = z.array(z.looseObject({ is_processing: z.boolean() })).max(4096)

export const readLlamacpp: ReadRuntime = async (surface, { digests }) => {
  const [health, props, models, slots, metrics] = await Promise.all([
    surface.status('/health'),
    surface.json('/props', Props),
    surface.json('/v1/models', Models),
    surface.json('/slots', Slots),
    surface.text('/metrics'),
  ])
  if (health === undefined) return undefined
  const healthy = health === 200
  // While it loads, every path answers 503: it is there, and it is not ready.
  if (props === undefined) {
    return healthy
      ? undefined
      : { version: undefined, healthy, queue: undefined, models: undefined }
  }
  const first = models?.data[0]
  const model =
    first === undefined
      ? undefined
      : await localModel({
          id: first.id,
          props,
          digests,
          trainedContext: first.meta?.n_ctx_train ?? null,
        })
  return {
    version: clipVersion(props.build_info),
    healthy,
    queue: queueOf(props, slots, metrics),
    models: model === undefined ? undefined : [model],
  }
}

function queueOf(
  props: Props,
  slots: z.infer<typeof Slots> | undefined,
  metrics: string | undefined,
): QueueReading | undefined {
  const processing = slots?.filter((slot) => slot.is_processing).length
  const running = processing ?? requestCount(metrics ?? '', 'llamacpp:requests_processing')
  if (running === undefined) return undefined
  const capacity = props.total_slots ?? slots?.length
  return {
    running,
    waiting: requestCount(metrics ?? '', 'llamacpp:requests_deferred') ?? 0,
    ...(capacity === undefined ? {} : { capacity }),
  }
}

/** Undefined while its file is being hashed: a model without a settled identity is not offered. */
async function localModel(facts: {
  readonly id: string
  readonly props: Props
  readonly digests: ArtifactDigests
  readonly trainedContext: number | null
}): Promise<LocalModel | undefined> {
  const { id, props } = facts
  const file = await facts.digests.ofFile(props.model_path)
  if (file.state === 'hashing') return undefined
  const name = basename(props.model_path)
  return {
    // Without an alias the id is the file's whole path; any name reaches the one model.
    local_name: id.length <= 128 ? id : clipText(name),
    artifact: {
      format: 'gguf',
      digest: file.state === 'known' ? file.digest : nameDigest(name),
      quantization: quantizationOf(name),
      size_bytes: file.state === 'known' ? file.sizeBytes : null,
    },
    context_length: props.default_generation_settings?.n_ctx ?? facts.trainedContext,
  }
}

/** GGUF files carry it in their name by custom. */
function quantizationOf(fileName: string): string | null {
  const found = /(?:^|[-._])(I?Q\d\w*|B?F16|F32|MXFP4)(?=[-.]|$)/i.exec(fileName)
  return found?.[1]?.toUpperCase().slice(0, 32) ?? null
}
