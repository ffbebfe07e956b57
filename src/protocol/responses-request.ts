/**
 * The Responses request as clients send it: the fields of Open Responses and of OpenAI's SDKs that mean
 * something here, and B3IQ's extensions. Items and tools of other kinds are let through by their type
 * alone, so that they can be refused by name.
 */
import * as z from 'zod'
import { ChatRequest } from './chat-request.ts'
import { FunctionDescription, FunctionName, JsonSchema } from './chat-tools.ts'
import { limits } from './limits.ts'

const chat = ChatRequest.shape

const partsMax = 256
/** Instructions become one message more. */
const itemsMax = limits.messages - 1
const callId = z.string().min(1).max(256)

/** What another kind of item, part or tool is called; those that are known are judged by their own schema. */
const otherKind = (known: readonly string[]) =>
  z.object({
    type: z
      .string()
      .max(64)
      // Ends this branch, so that what is wrong with a known kind is told of that kind.
      .refine((type) => !known.includes(type), { abort: true }),
  })

const InputText = z.object({ type: z.literal('input_text'), text: z.string() })
const OutputText = z.object({ type: z.literal('output_text'), text: z.string() })
const Refusal = z.object({ type: z.literal('refusal'), refusal: z.string() })
const ImagePart = z.object({
  type: z.literal('input_image'),
  image_url: z
    .string()
    .startsWith('data:', 'images must be data URIs: no host fetches a URL')
    .nullish(),
  file_id: z.string().max(256).nullish(),
  detail: z.enum(['auto', 'low', 'high', 'original']).nullish(),
})

export const InputPart = z.union([
  z.discriminatedUnion('type', [InputText, ImagePart, OutputText, Refusal]),
  otherKind(['input_text', 'input_image', 'output_text', 'refusal']),
])
export type InputPart = z.infer<typeof InputPart>
export type ImagePart = z.infer<typeof ImagePart>

const TextOrParts = z.union([z.string(), z.array(InputPart).max(partsMax)], {
  error: `it must be a text, or a list of at most ${partsMax} parts`,
})

/** `type` may be left out, as in the easy messages of the SDKs. */
const Message = z.object({
  type: z.literal('message').optional(),
  role: z.enum(['user', 'assistant', 'system', 'developer']),
  content: TextOrParts,
})

const FunctionCall = z.object({
  type: z.literal('function_call'),
  call_id: callId,
  name: z.string().min(1).max(256),
  arguments: z.string(),
})

const FunctionCallOutput = z.object({
  type: z.literal('function_call_output'),
  call_id: callId,
  output: TextOrParts,
})

const reasoningTexts = <T extends string>(type: T) =>
  z.array(z.object({ type: z.literal(type), text: z.string() })).max(partsMax)

const ReasoningInput = z.object({
  type: z.literal('reasoning'),
  summary: reasoningTexts('summary_text').nullish(),
  content: reasoningTexts('reasoning_text').nullish(),
})

export const InputItem = z.union([
  z.discriminatedUnion('type', [Message, FunctionCall, FunctionCallOutput, ReasoningInput]),
  otherKind(['message', 'function_call', 'function_call_output', 'reasoning']),
])
export type InputItem = z.infer<typeof InputItem>
export type ReasoningInput = z.infer<typeof ReasoningInput>

export const FunctionTool = z.object({
  type: z.literal('function'),
  name: FunctionName,
  description: FunctionDescription.nullish(),
  parameters: JsonSchema.nullish(),
  strict: z.boolean().nullish(),
})
export type FunctionTool = z.infer<typeof FunctionTool>

const NamedFunction = z.object({ type: z.literal('function'), name: FunctionName })

export const AllowedTools = z.object({
  type: z.literal('allowed_tools'),
  mode: z.enum(['auto', 'required']).default('auto'),
  tools: z.array(NamedFunction).min(1).max(limits.toolsPerRequest),
})

/** Those that the API may be asked to add to its answer; unknown ones are as good as misspelt. */
const Includable = z.enum([
  'message.output_text.logprobs',
  'reasoning.encrypted_content',
  'message.input_image.image_url',
  'file_search_call.results',
  'web_search_call.results',
  'web_search_call.action.sources',
  'code_interpreter_call.outputs',
  'computer_call_output.output.image_url',
])

export const TextFormat = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text') }),
  z.object({ type: z.literal('json_object') }),
  z.object({
    type: z.literal('json_schema'),
    name: FunctionName,
    description: FunctionDescription.nullish(),
    schema: JsonSchema,
    strict: z.boolean().nullish(),
  }),
])

/** Fields that are refused as soon as they ask for anything; what exactly is in them does not matter. */
const refused = z.unknown().optional()

export const ResponsesRequest = z.looseObject({
  model: chat.model,
  input: z.union([z.string(), z.array(InputItem).min(1).max(itemsMax)], {
    error: `it must be a text, or a list of 1 to ${itemsMax} items`,
  }),
  instructions: z.string().nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({}).nullish(),
  tools: z
    .array(z.union([FunctionTool, otherKind(['function'])]))
    .max(limits.toolsPerRequest)
    .nullish(),
  tool_choice: z
    .union(
      [
        z.enum(['none', 'auto', 'required']),
        z.discriminatedUnion('type', [NamedFunction, AllowedTools]),
        otherKind(['function', 'allowed_tools']),
      ],
      { error: 'it must be "none", "auto", "required", a function or allowed tools' },
    )
    .nullish(),
  parallel_tool_calls: chat.parallel_tool_calls,
  max_tool_calls: z.int().min(1).max(1_000_000).nullish(),
  text: z
    .looseObject({
      format: TextFormat.nullish(),
      verbosity: z.enum(['low', 'medium', 'high']).nullish(),
    })
    .nullish(),
  reasoning: z.looseObject({ effort: chat.reasoning_effort }).nullish(),
  include: z.array(Includable).max(16).nullish(),
  max_output_tokens: chat.max_tokens,
  temperature: chat.temperature,
  top_p: chat.top_p,
  presence_penalty: chat.presence_penalty,
  frequency_penalty: chat.frequency_penalty,
  top_logprobs: chat.top_logprobs,
  metadata: chat.metadata,
  user: chat.user,
  safety_identifier: chat.safety_identifier,
  prompt_cache_key: chat.prompt_cache_key,
  prompt_cache_options: z.unknown().optional(),
  prompt_cache_retention: z.unknown().optional(),
  /** Nothing is ever stored, whatever it says: `true` is every SDK's default. */
  store: z.boolean().nullish(),
  service_tier: z.string().max(64).nullish(),
  truncation: z.enum(['auto', 'disabled']).nullish(),
  background: z.boolean().nullish(),
  previous_response_id: refused,
  conversation: refused,
  prompt: refused,
  context_management: refused,
  moderation: refused,
  session_id: chat.session_id,
  provider: chat.provider,
})
export type ResponsesRequest = z.infer<typeof ResponsesRequest>
