/** vLLM: models by name and root, load from its Prometheus metrics. */
import * as z from 'zod'
import { requestCount } from './prometheus.ts'
import {
  clipText,
  clipVersion,
  nameDigest,
  type QueueReading,
  type ReadRuntime,
} from './reading.ts'

export const runningMetric = 'vllm:num_requests_running'
const waitingMetric = 'vllm:num_requests_waiting'

const Version = z.looseObject({ version: z.string().min(1) })
const Models = z.looseObject({
  data: z
    .array(
      z.looseObject({
        id: z.string().min(1),
        root: z.string().nullish(),
        max_model_len: z.int().min(1).nullish(),
      }),
    )
    .max(4096),
})

export const readVllm: ReadRuntime = async (surface) => {
  const [health, version, models, metrics] = await Promise.all([
    surface.status('/health'),
    surface.json('/version', Version),
    surface.json('/v1/models', Models),
    surface.text('/metrics'),
  ])
  if (health === undefined) return undefined
  return {
    version: clipVersion(version?.version),
    healthy: health === 200,
    queue: queueOf(metrics ?? ''),
    models: models?.data
      .filter((model) => model.id === clipText(model.id))
      .map((model) => ({
        local_name: model.id,
        artifact: {
          format: 'safetensors',
          digest: nameDigest(model.root ?? model.id),
          quantization: null,
          size_bytes: null,
        },
        context_length: model.max_model_len ?? null,
      })),
  }
}

function queueOf(metrics: string): QueueReading | undefined {
  const running = requestCount(metrics, runningMetric)
  if (running === undefined) return undefined
  return { running, waiting: requestCount(metrics, waitingMetric) ?? 0 }
}
