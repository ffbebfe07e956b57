/**
 * Which kind of runtime answers at an address, by what only that kind says of itself. A server that
 * merely speaks the protocol is the last guess, to be made again: it may still be starting.
 */
import type { RuntimeKind } from '../../../src/protocol/claim.ts'
import { readLlamacpp } from './llamacpp.ts'
import { Props } from './llamacpp-load.ts'
import { ModelsV0, ModelsV1, readLmstudio } from './lmstudio.ts'
import { measure } from './measured.ts'
import { Version as OllamaVersion, readOllama } from './ollama.ts'
import { Models, readOpenai } from './openai.ts'
import type { ReadRuntime } from './reading.ts'
import { readServerInfo, readSglang } from './sglang.ts'
import type { Surface } from './surface.ts'
import { readVllm } from './vllm.ts'

export const readerOf: Readonly<Record<RuntimeKind, ReadRuntime>> = {
  llamacpp: readLlamacpp,
  ollama: readOllama,
  vllm: readVllm,
  sglang: readSglang,
  lmstudio: readLmstudio,
  openai: readOpenai,
}

/** What servers write into the list of their models. */
const kindByOwner: ReadonlyMap<string, RuntimeKind> = new Map([
  ['vllm', 'vllm'],
  ['sglang', 'sglang'],
  ['llamacpp', 'llamacpp'],
])

/** Undefined when nothing known answers; then the next poll asks again. */
export async function detectKind(surface: Surface): Promise<RuntimeKind | undefined> {
  const [ollama, props, serverInfo, lmstudio, page, models] = await Promise.all([
    surface.json('/api/version', OllamaVersion),
    surface.json('/props', Props),
    readServerInfo(surface),
    readLmstudioModels(surface),
    surface.text('/metrics'),
    surface.json('/v1/models', Models),
  ])
  if (ollama !== undefined) return 'ollama'
  if (props !== undefined) return 'llamacpp'
  if (serverInfo !== undefined || exposes(page, 'sglang')) return 'sglang'
  if (exposes(page, 'vllm')) return 'vllm'
  if (lmstudio) return 'lmstudio'
  if (models === undefined) return undefined
  return kindByOwner.get(models.data[0]?.owned_by ?? '') ?? 'openai'
}

const exposes = (page: string | undefined, kind: RuntimeKind): boolean =>
  measure(page, { kind, version: undefined }).running !== undefined

async function readLmstudioModels(surface: Surface): Promise<boolean> {
  const found = await Promise.all([
    surface.json('/api/v1/models', ModelsV1),
    surface.json('/api/v0/models', ModelsV0),
  ])
  return found.some((models) => models !== undefined)
}
