/**
 * All that is sold, in the order in which the contract lists it. A start has the code of a chat, which most
 * requests are; that of any other endpoint is loaded with the first request that asks for it.
 */
import { chatEndpoint } from './chat.ts'
import { type PaidEndpoint, seal } from './inference.ts'

export const paidEndpoints: readonly PaidEndpoint[] = [
  seal('/v1/chat/completions', () => chatEndpoint),
  seal('/v1/completions', async () => (await import('./text.ts')).textEndpoint),
  seal('/v1/responses', async () => (await import('./responses.ts')).responsesEndpoint),
  seal('/v1/embeddings', async () => (await import('./embedding.ts')).embeddingEndpoint),
  seal('/v1/moderations', async () => (await import('./moderation.ts')).moderationEndpoint),
  seal('/v1/images/generations', async () => (await import('./image.ts')).imageEndpoint),
  seal(
    '/v1/audio/transcriptions',
    async () => (await import('./transcription.ts')).transcriptionEndpoint,
  ),
]
