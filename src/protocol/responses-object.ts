/**
 * The response object. It has every key that Open Responses requires and that the types of OpenAI's
 * SDKs know; what the request left open is answered with the defaults of that specification.
 */
import * as z from 'zod'
import { ChatRequest } from './chat-request.ts'
import { FunctionName, JsonSchema } from './chat-tools.ts'
import { OutputItem } from './responses-item.ts'
import { AllowedTools, FunctionTool } from './responses-request.ts'

const tokens = z.int().min(0)

export const ResponsesUsage = z.strictObject({
  input_tokens: tokens,
  input_tokens_details: z.strictObject({
    cached_tokens: tokens.describe("Served by the host's cache, at the cached price."),
    cache_write_tokens: z.literal(0).describe('Writing into a cache costs nothing here.'),
  }),
  output_tokens: tokens.describe('Those of the reasoning included.'),
  output_tokens_details: z.strictObject({
    reasoning_tokens: z.literal(0).describe('Not counted apart from the others.'),
  }),
  total_tokens: tokens,
})
export type ResponsesUsage = z.infer<typeof ResponsesUsage>

/** `code` is one of those that the SDKs know; `b3iq_code` is the one of the error table. */
export const ResponseFault = z.looseObject({
  code: z.enum(['server_error', 'rate_limit_exceeded', 'invalid_prompt']),
  message: z.string(),
  b3iq_code: z.string(),
})
export type ResponseFault = z.infer<typeof ResponseFault>

const Format = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text') }),
  z.strictObject({ type: z.literal('json_object') }),
  z.strictObject({
    type: z.literal('json_schema'),
    name: FunctionName,
    description: z.string().nullable(),
    schema: JsonSchema,
    strict: z.boolean(),
  }),
])

export const ResponseObject = z.strictObject({
  id: z.string(),
  object: z.literal('response'),
  created_at: z.int().describe('Seconds since the epoch.'),
  completed_at: z.int().nullable().describe('Null unless the status is `completed`.'),
  status: z.enum(['in_progress', 'completed', 'incomplete', 'failed']),
  error: ResponseFault.nullable(),
  incomplete_details: z
    .strictObject({ reason: z.enum(['max_output_tokens', 'content_filter']) })
    .nullable()
    .describe('A deadline and a cancellation end a response as a length does.'),
  model: z.string(),
  output: z.array(OutputItem),
  usage: ResponsesUsage.nullable().describe('As billed; null until the response has ended.'),
  instructions: z.string().nullable(),
  tools: z.array(
    FunctionTool.extend({
      description: FunctionTool.shape.description.unwrap(),
      parameters: FunctionTool.shape.parameters.unwrap(),
      strict: FunctionTool.shape.strict.unwrap(),
    }),
  ),
  tool_choice: z.union([
    z.enum(['none', 'auto', 'required']),
    z.object({ type: z.literal('function'), name: FunctionName }),
    AllowedTools,
  ]),
  parallel_tool_calls: z.boolean(),
  max_tool_calls: z.int().nullable(),
  text: z.strictObject({ format: Format }),
  reasoning: z.strictObject({
    effort: ChatRequest.shape.reasoning_effort.unwrap(),
    summary: z.null(),
  }),
  max_output_tokens: z.int().nullable(),
  temperature: z.number().describe('1 where the request names none: the model has its own.'),
  top_p: z.number().describe('1 where the request names none: the model has its own.'),
  presence_penalty: z.number(),
  frequency_penalty: z.number(),
  top_logprobs: z.int(),
  truncation: z.literal('disabled'),
  metadata: z.record(z.string(), z.string()),
  user: z.string().nullable(),
  safety_identifier: z.string().nullable(),
  prompt_cache_key: z.string().nullable(),
  previous_response_id: z.null(),
  store: z.literal(false).describe('Nothing is stored, whatever the request says.'),
  background: z.literal(false),
  service_tier: z.literal('default'),
  access_programs: z.null(),
  b3iq: z
    .looseObject({ receipt_hash: z.string(), request_id: z.string() })
    .optional()
    .describe('What it cost and how to prove it, once it has ended and was billed.'),
})
export type ResponseObject = z.infer<typeof ResponseObject>
