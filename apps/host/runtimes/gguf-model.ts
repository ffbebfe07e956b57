/** A model that is one GGUF file on this machine: its identity is the hash of the file's bytes. */
import { basename } from 'node:path'
import type { ArtifactDigests } from './artifact-digest.ts'
import { clipText, type LocalModel, nameDigest } from './reading.ts'

/** Undefined while its file is being hashed: a model without a settled identity is not offered. */
export async function ggufModel(facts: {
  /** Any name reaches the one model of a single server; a router needs the whole of it. */
  readonly name: string
  readonly path: string
  readonly contextLength: number | null
  readonly digests: ArtifactDigests
}): Promise<LocalModel | undefined> {
  const fileName = basename(facts.path)
  const file = isPart(fileName)
    ? ({ state: 'unreadable' } as const)
    : await facts.digests.ofFile(facts.path)
  if (file.state === 'hashing') return undefined
  return {
    local_name: facts.name,
    artifact: {
      format: 'gguf',
      digest: file.state === 'known' ? file.digest : nameDigest(fileName),
      quantization: quantizationOf(fileName),
      size_bytes: file.state === 'known' ? file.sizeBytes : null,
    },
    context_length: facts.contextLength,
  }
}

/** Without an alias the id is the file's whole path, which may be too long for the protocol. */
export const shortName = (id: string, path: string): string =>
  id === clipText(id) ? id : clipText(basename(path))

/** The first of several files says nothing about the others, so its hash would claim too much. */
const isPart = (fileName: string): boolean => /-\d{5}-of-\d{5}\.gguf$/i.test(fileName)

/** GGUF files carry it in their name by custom. */
function quantizationOf(fileName: string): string | null {
  const found = /(?:^|[-._])(I?Q\d\w*|B?F16|F32|MXFP4)(?=[-.]|$)/i.exec(fileName)
  return found?.[1]?.toUpperCase().slice(0, 32) ?? null
}
