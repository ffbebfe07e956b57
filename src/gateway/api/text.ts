/** The row of OpenAI's older completions, and their answers. */
import * as z from 'zod'
import { type Contents, type EndpointTable, json } from '../../http/endpoint.ts'
import { CompletionRequest } from '../../protocol/completion-request.ts'
import { priced, type ReplyHeader, routed } from '../reply-header-names.ts'
import type { GatewayAuth } from './auth.ts'
import { FinishReason } from './chat-reply.ts'
import { paid } from './error-codes.ts'
import { ErrorObject } from './error-reply.ts'
import { PaidRequestHeaders } from './headers.ts'
import { B3iqSummary, Usage } from './summary.ts'

const head = {
  id: z.string(),
  object: z.literal('text_completion'),
  created: z.int().describe('Seconds since the epoch.'),
  model: z.string(),
}

const Logprobs = z
  .strictObject({
    tokens: z.array(z.string()),
    token_logprobs: z.array(z.number().nullable()),
    top_logprobs: z.array(z.record(z.string(), z.number()).nullable()),
    text_offset: z.array(z.int()).describe('Where each token begins in the text of its choice.'),
  })
  .nullable()

const choice = { index: z.int(), text: z.string(), logprobs: Logprobs }

export const TextCompletion = z.strictObject({
  ...head,
  choices: z.array(z.strictObject({ ...choice, finish_reason: FinishReason })),
  usage: Usage,
  b3iq: B3iqSummary,
})

export const TextCompletionChunk = z.strictObject({
  ...head,
  choices: z.array(
    z.strictObject({
      ...choice,
      finish_reason: z.union([FinishReason, z.literal('error')]).nullable(),
    }),
  ),
  usage: Usage.nullable().optional().describe('Only with `stream_options.include_usage`.'),
  error: ErrorObject.optional(),
  b3iq: B3iqSummary.optional().describe('On the last chunk.'),
})

const answer: Contents = {
  ...json(TextCompletion),
  'text/event-stream': { schema: TextCompletionChunk },
}

export const textEndpoints = {
  'POST /v1/completions': {
    operationId: 'createCompletion',
    tag: 'Inference',
    summary: 'Go on with a text',
    does: "OpenAI's older completions: one prompt, as it stands and without a chat template. Streams, charges and errors are as those of chats.",
    auth: 'inference',
    takes: PaidRequestHeaders,
    body: json(CompletionRequest),
    answer,
    headers: [...routed, ...priced],
    errors: paid,
  },
} as const satisfies EndpointTable<GatewayAuth, ReplyHeader>
