/** The embeddings request as clients send it. What is not named here is kept, and reaches no host. */
import * as z from 'zod'
import { ChatRequest } from './chat-request.ts'
import { TextInputs } from './text-inputs.ts'

const { model, provider, user } = ChatRequest.shape

export const EmbeddingRequest = z.looseObject({
  model,
  input: TextInputs,
  /** OpenAI's SDKs ask for base64 unless they are told otherwise. */
  encoding_format: z.enum(['float', 'base64']).nullish(),
  user,
  provider,
})
export type EmbeddingRequest = z.infer<typeof EmbeddingRequest>
