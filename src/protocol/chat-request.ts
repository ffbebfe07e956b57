/**
 * The chat request as clients send it: OpenAI's fields, checked where the gateway depends on them,
 * and B3IQ's extensions. Unknown fields are kept; what reaches a host is decided elsewhere, by
 * an allowlist.
 */
import * as z from 'zod'
import { limits } from './limits.ts'

const TextPart = z.looseObject({ type: z.literal('text'), text: z.string() })
const ImagePart = z.looseObject({
  type: z.literal('image_url'),
  image_url: z.looseObject({
    url: z.string().startsWith('data:', 'images must be data URIs: no host fetches a URL'),
  }),
})
const ContentPart = z.discriminatedUnion('type', [TextPart, ImagePart])

export const ChatMessage = z.looseObject({
  role: z.enum(['system', 'developer', 'user', 'assistant', 'tool', 'function']),
  content: z.union([z.string(), z.array(ContentPart).max(256)]).nullish(),
})
export type ChatMessage = z.infer<typeof ChatMessage>

const tokenLimit = z.int().min(1).max(10_000_000)

export const ChatRequest = z.looseObject({
  model: z.string().min(1).max(128),
  messages: z.array(ChatMessage).min(1).max(limits.messages),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  max_tokens: tokenLimit.nullish(),
  max_completion_tokens: tokenLimit.nullish(),
  n: z.int().min(1).max(limits.choices).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  stop: z.union([z.string(), z.array(z.string()).max(16)]).nullish(),
  user: z.string().max(512).nullish(),
  session_id: z.string().max(256).nullish(),
  prompt_cache_key: z.string().max(256).nullish(),
  provider: z
    .looseObject({
      /** USD per million tokens, as OpenRouter's clients send it. */
      max_price: z
        .looseObject({
          prompt: z.number().min(0).max(1_000_000).nullish(),
          completion: z.number().min(0).max(1_000_000).nullish(),
        })
        .nullish(),
      trust: z.array(z.string().max(8)).max(8).nullish(),
      route_tier: z.array(z.string().max(32)).max(8).nullish(),
      require_parameters: z.boolean().nullish(),
      allow_fallbacks: z.boolean().nullish(),
    })
    .nullish(),
})
export type ChatRequest = z.infer<typeof ChatRequest>
