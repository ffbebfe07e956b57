/** What a response is made of in a test: who it is, its chunks, and how it ended. */
import type { ChatChunk, ChatDelta } from '../../src/protocol/chat-chunk.ts'
import type { Ended } from '../../src/responses/response.ts'
import { identity, settled } from './settled-request.ts'

export { identity } from './settled-request.ts'
export const { summary } = settled

export const chunkWith = (delta: ChatDelta, logprobs?: unknown): ChatChunk => ({
  id: 'chatcmpl-x',
  object: 'chat.completion.chunk',
  created: identity.createdSec,
  model: identity.model,
  choices: [{ index: 0, delta, finish_reason: null, ...(logprobs ? { logprobs } : {}) }],
})

export const ended = (finishReason: string): Ended => ({
  finishReason,
  usage: summary.usage,
  b3iq: summary,
  endedAtSec: identity.createdSec + 2,
})
