/** A request whose answer is one document, by the path of the runtime that it is for. */
import type { EmbeddingRequest } from './embedding-request.ts'
import type { HostPath } from './host-path.ts'
import type { ImageRequest } from './image-request.ts'
import type { ModerationRequest } from './moderation-request.ts'
import type { TranscriptionRequest } from './transcription-request.ts'

export type DocumentRequest =
  | { readonly path: '/v1/embeddings'; readonly asked: EmbeddingRequest }
  | { readonly path: '/v1/moderations'; readonly asked: ModerationRequest }
  | { readonly path: '/v1/images/generations'; readonly asked: ImageRequest }
  | { readonly path: '/v1/audio/transcriptions'; readonly asked: TranscriptionRequest }

export type DocumentPath = DocumentRequest['path'] & HostPath
