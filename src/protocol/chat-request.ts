/**
 * The chat request as clients send it: OpenAI's fields, checked where the gateway depends on them,
 * and B3IQ's extensions. Unknown fields are kept; what reaches a host is decided elsewhere, by
 * an allowlist.
 */
import * as z from 'zod'
import { ResponseFormat, Tool, ToolCall, ToolChoice } from './chat-tools.ts'
import { Region } from './ids.ts'
import { limits } from './limits.ts'

const TextPart = z.object({ type: z.literal('text'), text: z.string() })
const ImagePart = z.object({
  type: z.literal('image_url'),
  image_url: z.object({
    url: z.string().startsWith('data:', 'images must be data URIs: no host fetches a URL'),
    detail: z.enum(['auto', 'low', 'high']).nullish(),
  }),
})
export const ContentPart = z.discriminatedUnion('type', [TextPart, ImagePart])

/** What else a message holds is left out: a template could render it, or a runtime act on it. */
export const ChatMessage = z.object({
  role: z.enum(['system', 'developer', 'user', 'assistant', 'tool', 'function']),
  content: z.union([z.string(), z.array(ContentPart).max(256)]).nullish(),
  name: z.string().max(256).nullish(),
  tool_calls: z.array(ToolCall).max(limits.toolCallsPerMessage).nullish(),
  tool_call_id: z.string().max(256).nullish(),
  reasoning_content: z.string().nullish(),
  refusal: z.string().nullish(),
})
export type ChatMessage = z.infer<typeof ChatMessage>

/** Profile ids, or node ids where the key may see those. */
const hostList = z.array(z.string().min(1).max(160)).max(64)

export const SortBy = z.enum(['price', 'throughput', 'latency'])
export type SortBy = z.infer<typeof SortBy>

const tokensMax = 10_000_000
const tokenLimit = z.int().min(1).max(tokensMax)
const penalty = z.number().min(-2).max(2)
const label = z.string().max(512)

const LogitBias = z
  .record(
    z.string().regex(/^\d{1,7}$/, 'each key must be the id of a token'),
    z.number().min(-100).max(100),
  )
  .refine((biases) => Object.keys(biases).length <= limits.logitBiases, {
    error: `it must name at most ${limits.logitBiases} tokens`,
  })

const Metadata = z
  .record(z.string().max(64), z.string().max(512))
  .refine((pairs) => Object.keys(pairs).length <= 16, { error: 'it must have at most 16 pairs' })

/** Runtimes refuse an empty one. */
const StopText = z.string().min(1).max(256)

export const ChatRequest = z.looseObject({
  model: z.string().min(1).max(128),
  messages: z.array(ChatMessage).min(1).max(limits.messages),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  max_tokens: tokenLimit.nullish(),
  max_completion_tokens: tokenLimit.nullish(),
  n: z.int().min(1).max(limits.choices).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  /** Runtimes refuse 0; a temperature of 0 says the same. */
  top_p: z.number().gt(0).max(1).nullish(),
  /** 0 and -1 are what some clients send for "any". */
  top_k: z.int().min(-1).max(1_000_000).nullish(),
  min_p: z.number().min(0).max(1).nullish(),
  presence_penalty: penalty.nullish(),
  frequency_penalty: penalty.nullish(),
  repetition_penalty: z.number().gt(0).max(2).nullish(),
  logit_bias: LogitBias.nullish(),
  seed: z.int().nullish(),
  stop: z.union([StopText, z.array(StopText).max(16)]).nullish(),
  min_tokens: z.int().min(0).max(tokensMax).nullish(),
  logprobs: z.boolean().nullish(),
  top_logprobs: z.int().min(0).max(20).nullish(),
  response_format: ResponseFormat.nullish(),
  tools: z.array(Tool).max(limits.toolsPerRequest).nullish(),
  tool_choice: ToolChoice.nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  reasoning_effort: z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']).nullish(),
  /** By name, because a template may render any other value into the prompt. */
  chat_template_kwargs: z
    .strictObject({ enable_thinking: z.boolean().nullish(), thinking: z.boolean().nullish() })
    .nullish(),
  user: label.nullish(),
  safety_identifier: label.nullish(),
  metadata: Metadata.nullish(),
  session_id: z.string().max(256).nullish(),
  prompt_cache_key: z.string().max(256).nullish(),
  provider: z
    .looseObject({
      /** USD per million tokens, as OpenRouter's clients send it. */
      max_price: z
        .looseObject({
          prompt: z.number().min(0).max(1_000_000).nullish(),
          completion: z.number().min(0).max(1_000_000).nullish(),
          /** USD per image that is made. */
          image: z.number().min(0).max(1_000_000).nullish(),
          /** USD per begun second of audio. */
          audio: z.number().min(0).max(1_000_000).nullish(),
        })
        .nullish(),
      trust: z.array(z.string().max(8)).max(8).nullish(),
      route_tier: z.array(z.string().max(32)).max(8).nullish(),
      region: z.array(Region).min(1).max(8).nullish(),
      only: hostList.min(1).nullish(),
      ignore: hostList.nullish(),
      sort: SortBy.nullish(),
      require_parameters: z.boolean().nullish(),
      allow_fallbacks: z.boolean().nullish(),
    })
    .nullish(),
})
export type ChatRequest = z.infer<typeof ChatRequest>
