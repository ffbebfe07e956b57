/** `POST /v1/chat/completions`. */
import { readJsonBytes } from '../http/read-json.ts'
import { ChatRequest } from '../protocol/chat-request.ts'
import { limits } from '../protocol/limits.ts'
import { ok } from '../protocol/result.ts'
import { toJsonAnswer } from './answer-json.ts'
import { makeFrames } from './answer-stream.ts'
import { chatWork } from './chat-work.ts'
import type { Endpoint } from './inference.ts'

export const chatEndpoint: Endpoint<ChatRequest> = {
  read: (http) => readJsonBytes(http, ChatRequest, limits.requestBodyBytes),
  work: async (deps, request, key) => ok(chatWork(request, key, deps.random)),
  form: (request) => ({
    isStream: request.stream === true,
    toJson: toJsonAnswer,
    makeFrames: (identity) =>
      makeFrames({ identity, includeUsage: request.stream_options?.include_usage === true }),
  }),
}
