/** The paid endpoints by their paths, with the body that each takes. */
import { ChatRequest } from '../../protocol/chat-request.ts'
import { CompletionRequest } from '../../protocol/completion-request.ts'
import { EmbeddingRequest } from '../../protocol/embedding-request.ts'
import { ImageRequest } from '../../protocol/image-request.ts'
import { ModerationRequest } from '../../protocol/moderation-request.ts'
import { ResponsesRequest } from '../../protocol/responses-request.ts'
import { TranscriptionForm } from './documents.ts'

const jsonBodies = {
  '/v1/chat/completions': ChatRequest,
  '/v1/completions': CompletionRequest,
  '/v1/responses': ResponsesRequest,
  '/v1/embeddings': EmbeddingRequest,
  '/v1/moderations': ModerationRequest,
  '/v1/images/generations': ImageRequest,
} as const

const formBodies = { '/v1/audio/transcriptions': TranscriptionForm } as const

type Path = keyof typeof jsonBodies | keyof typeof formBodies
const isSold = (path: string): path is Path =>
  Object.hasOwn(jsonBodies, path) || Object.hasOwn(formBodies, path)

export const soldPaths: readonly Path[] = [
  ...Object.keys(jsonBodies),
  ...Object.keys(formBodies),
].filter(isSold)
export const soldJsonBodies = Object.values(jsonBodies)
export const soldFormBodies = Object.values(formBodies)
