/** Which kind of runtime answers at an address, by the endpoints that only that kind has. */
import type { RuntimeKind } from '../../../src/protocol/claim.ts'
import { Props, readLlamacpp } from './llamacpp.ts'
import { Version as OllamaVersion, readOllama } from './ollama.ts'
import { Models, readOpenai } from './openai.ts'
import { metricSum } from './prometheus.ts'
import type { ReadRuntime } from './reading.ts'
import type { Surface } from './surface.ts'
import { readVllm, runningMetric } from './vllm.ts'

export const readerOf: Readonly<Record<RuntimeKind, ReadRuntime>> = {
  llamacpp: readLlamacpp,
  ollama: readOllama,
  vllm: readVllm,
  sglang: readOpenai,
  lmstudio: readOpenai,
  openai: readOpenai,
}

/** Undefined when nothing known answers; then the next poll asks again. */
export async function detectKind(surface: Surface): Promise<RuntimeKind | undefined> {
  const [ollama, props, metrics, models] = await Promise.all([
    surface.json('/api/version', OllamaVersion),
    surface.json('/props', Props),
    surface.text('/metrics'),
    surface.json('/v1/models', Models),
  ])
  if (ollama !== undefined) return 'ollama'
  if (props !== undefined) return 'llamacpp'
  if (metrics !== undefined && metricSum(metrics, runningMetric) !== undefined) return 'vllm'
  return models === undefined ? undefined : 'openai'
}
