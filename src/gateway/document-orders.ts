/** The order of each kind of request for a document, for whoever asks by the kind: a benchmark does. */

import type { DocumentRequest } from '../protocol/document-request.ts'
import type { Result } from '../protocol/result.ts'
import type { DocumentOrder } from './document-order.ts'
import { embeddingOrder } from './embedding.ts'
import { imageOrder } from './image.ts'
import { moderationOrder } from './moderation.ts'
import { transcriptionOrder } from './transcription.ts'

export function documentOrder(request: DocumentRequest): Result<DocumentOrder> {
  switch (request.path) {
    case '/v1/embeddings':
      return embeddingOrder(request.asked)
    case '/v1/moderations':
      return moderationOrder(request.asked)
    case '/v1/images/generations':
      return imageOrder(request.asked)
    case '/v1/audio/transcriptions':
      return transcriptionOrder(request.asked)
  }
}
