/**
 * What a response is made of, as Open Responses and OpenAI's SDKs read it: messages, calls of functions
 * and reasoning, each with an id and a status.
 */
import * as z from 'zod'

/** `incomplete`: cut off at a length, or by a failure of its host. */
export const ItemStatus = z.enum(['in_progress', 'completed', 'incomplete'])
export type ItemStatus = z.infer<typeof ItemStatus>

const Bytes = z.array(z.int().min(0).max(255)).describe('UTF-8 of the token; empty if unknown.')

export const TokenLogprob = z.strictObject({
  token: z.string(),
  logprob: z.number(),
  bytes: Bytes,
  top_logprobs: z.array(z.strictObject({ token: z.string(), logprob: z.number(), bytes: Bytes })),
})
export type TokenLogprob = z.infer<typeof TokenLogprob>

const OutputText = z.strictObject({
  type: z.literal('output_text'),
  text: z.string(),
  annotations: z.array(z.never()).describe('Always empty: hosts cite nothing.'),
  logprobs: z.array(TokenLogprob).describe('Empty unless they were asked for with `include`.'),
})
const Refusal = z.strictObject({ type: z.literal('refusal'), refusal: z.string() })
const ReasoningText = z.strictObject({ type: z.literal('reasoning_text'), text: z.string() })

export const OutputPart = z.discriminatedUnion('type', [OutputText, Refusal, ReasoningText])
export type OutputPart = z.infer<typeof OutputPart>

const OutputMessage = z.strictObject({
  type: z.literal('message'),
  id: z.string(),
  status: ItemStatus,
  role: z.literal('assistant'),
  content: z.array(z.discriminatedUnion('type', [OutputText, Refusal])),
})

const FunctionCall = z.strictObject({
  type: z.literal('function_call'),
  id: z.string(),
  status: ItemStatus,
  call_id: z.string().describe('Names the call in its `function_call_output`.'),
  name: z.string(),
  arguments: z.string().describe('JSON, as the model wrote it.'),
})

const ReasoningItem = z.strictObject({
  type: z.literal('reasoning'),
  id: z.string(),
  status: ItemStatus,
  summary: z.array(z.never()).describe('Always empty: nothing is summarised.'),
  content: z.array(ReasoningText),
})

export const OutputItem = z.discriminatedUnion('type', [OutputMessage, FunctionCall, ReasoningItem])
export type OutputItem = z.infer<typeof OutputItem>
