/** Which paths of a runtime a gateway may ask a node for. Agents refuse every other one. */
import * as z from 'zod'
import type { Modality } from './modality.ts'

export const HostPath = z.enum([
  '/v1/chat/completions',
  '/v1/completions',
  '/v1/embeddings',
  '/v1/moderations',
  '/v1/images/generations',
  '/v1/audio/transcriptions',
])
export type HostPath = z.infer<typeof HostPath>

export const modalityOf = {
  '/v1/chat/completions': 'text',
  '/v1/completions': 'text',
  '/v1/embeddings': 'embedding',
  '/v1/moderations': 'moderation',
  '/v1/images/generations': 'image',
  '/v1/audio/transcriptions': 'transcription',
} as const satisfies Readonly<Record<HostPath, Modality>>

/** Answers of these are texts in chunks; of the others, one JSON document. */
export const isChunked = (path: HostPath): boolean => modalityOf[path] === 'text'
