/**
 * The request of OpenAI's older completions: one text that a model goes on with, without any template. What is
 * not named here is kept, and reaches no host.
 */
import * as z from 'zod'
import { ChatRequest } from './chat-request.ts'

const Prompt = z
  .string({ error: 'it must be a text; token ids are not taken' })
  .min(1, 'it must not be empty')

export const CompletionRequest = z.looseObject({
  ...ChatRequest.pick({
    model: true,
    stream: true,
    stream_options: true,
    max_tokens: true,
    min_tokens: true,
    n: true,
    temperature: true,
    top_p: true,
    top_k: true,
    min_p: true,
    presence_penalty: true,
    frequency_penalty: true,
    repetition_penalty: true,
    logit_bias: true,
    seed: true,
    stop: true,
    user: true,
    safety_identifier: true,
    metadata: true,
    session_id: true,
    prompt_cache_key: true,
    provider: true,
  }).shape,
  prompt: z.union([
    Prompt,
    z.array(Prompt).refine((texts) => texts.length === 1, {
      error: 'it must be one text: send a request for each of several',
    }),
  ]),
  /** The gateway puts the prompt before the answer; no host is asked to. */
  echo: z.boolean().nullish(),
  suffix: z.string().nullish(),
  best_of: z.int().min(1).nullish(),
  /** Rivals of each token; 0 asks for the chosen tokens alone. */
  logprobs: z.int().min(0).max(20).nullish(),
})
export type CompletionRequest = z.infer<typeof CompletionRequest>

export const promptOf = ({ prompt }: CompletionRequest): string =>
  typeof prompt === 'string' ? prompt : (prompt[0] ?? '')
