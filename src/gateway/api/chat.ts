/** The row of chat, and how a request and its answers look. */
import { type Contents, type EndpointTable, json } from '../../http/endpoint.ts'
import { ChatRequest } from '../../protocol/chat-request.ts'
import { priced, type ReplyHeader, routed } from '../reply-header-names.ts'
import type { GatewayAuth } from './auth.ts'
import { ChatCompletion, ChatCompletionChunk } from './chat-reply.ts'
import { paid } from './error-codes.ts'
import * as examples from './examples/chat.ts'
import { PaidRequestHeaders } from './headers.ts'

const answer: Contents = {
  'application/json': { schema: ChatCompletion, examples: { text: examples.answer } },
  'text/event-stream': {
    schema: ChatCompletionChunk,
    examples: {
      first: examples.firstChunk,
      last: examples.lastChunk,
      failed: examples.failedChunk,
    },
  },
}

export const chatEndpoints = {
  'POST /v1/chat/completions': {
    operationId: 'createChatCompletion',
    tag: 'Inference',
    summary: 'Complete a chat',
    does: 'OpenAI\'s chat completions. With `stream: true` the answer comes as server-sent events: chunks, then `data: [DONE]`; comments (`: ping`) keep a silent stream alive. Charge and receipt are durable before the last byte, and stand in `b3iq` of the answer or of its last chunk. An error after the first content comes as one chunk with `finish_reason: "error"`, and the stream ends without `[DONE]`. Fields that this document does not name are accepted and reach no host.',
    auth: 'inference',
    takes: PaidRequestHeaders,
    body: json(ChatRequest, { text: examples.request, tools: examples.toolRequest }),
    answer,
    headers: [...routed, ...priced],
    errors: paid,
  },
} as const satisfies EndpointTable<GatewayAuth, ReplyHeader>
