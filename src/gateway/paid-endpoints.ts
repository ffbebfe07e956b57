/** All that is sold, in the order in which the contract lists it. */
import { chatEndpoint } from './chat.ts'
import { embeddingEndpoint } from './embedding.ts'
import { imageEndpoint } from './image.ts'
import { type PaidEndpoint, seal } from './inference.ts'
import { moderationEndpoint } from './moderation.ts'
import { responsesEndpoint } from './responses.ts'
import { textEndpoint } from './text.ts'
import { transcriptionEndpoint } from './transcription.ts'

export const paidEndpoints: readonly PaidEndpoint[] = [
  seal(chatEndpoint),
  seal(textEndpoint),
  seal(responsesEndpoint),
  seal(embeddingEndpoint),
  seal(moderationEndpoint),
  seal(imageEndpoint),
  seal(transcriptionEndpoint),
]
