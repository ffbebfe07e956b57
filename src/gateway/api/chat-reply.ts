/** Chat answers on the wire, whole and in chunks. */
import * as z from 'zod'
import { ErrorObject } from './error-reply.ts'
import { B3iqSummary, Usage } from './summary.ts'

const head = {
  id: z.string(),
  created: z.int().describe('Seconds since the epoch.'),
  model: z.string(),
}

const TokenLogprobs = z.array(z.unknown()).nullable()
const Logprobs = z
  .strictObject({ content: TokenLogprobs, refusal: TokenLogprobs })
  .nullable()
  .describe("As the host's runtime gave them; null unless asked for.")

export const FinishReason = z
  .enum(['stop', 'length', 'tool_calls', 'content_filter', 'function_call'])
  .describe('`length` as well where the deadline or a cancel ended the answer.')

const AssistantMessage = z.strictObject({
  role: z.literal('assistant'),
  content: z.string().nullable().describe('Null where there are tool calls alone.'),
  refusal: z.string().nullable(),
  reasoning_content: z.string().optional(),
  tool_calls: z
    .array(
      z.strictObject({
        id: z.string(),
        type: z.literal('function'),
        function: z.strictObject({ name: z.string(), arguments: z.string() }),
      }),
    )
    .optional(),
})

export const ChatCompletion = z.strictObject({
  ...head,
  object: z.literal('chat.completion'),
  choices: z.array(
    z.strictObject({
      index: z.int(),
      message: AssistantMessage,
      logprobs: Logprobs,
      finish_reason: FinishReason,
    }),
  ),
  usage: Usage,
  b3iq: B3iqSummary,
})

const Delta = z.strictObject({
  role: z.literal('assistant').optional(),
  content: z.string().nullable().optional(),
  reasoning_content: z.string().optional(),
  refusal: z.string().nullable().optional(),
  tool_calls: z
    .array(
      z.strictObject({
        index: z.int(),
        id: z.string().optional(),
        type: z.literal('function').optional(),
        function: z
          .strictObject({ name: z.string().optional(), arguments: z.string().optional() })
          .optional(),
      }),
    )
    .optional(),
})

export const ChatCompletionChunk = z.strictObject({
  ...head,
  object: z.literal('chat.completion.chunk'),
  choices: z.array(
    z.strictObject({
      index: z.int(),
      delta: Delta,
      logprobs: z.unknown().optional(),
      finish_reason: z
        .union([FinishReason, z.literal('error')])
        .nullable()
        .describe('`error` with `error` beside: the host failed after its first content.'),
    }),
  ),
  usage: Usage.nullable()
    .optional()
    .describe('Only with `stream_options.include_usage`: null until the last chunk.'),
  error: ErrorObject.optional(),
  b3iq: B3iqSummary.optional().describe('On the last chunk.'),
})
