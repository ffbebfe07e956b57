/**
 * What of a request reaches a host: an allowlist, because every further field could change what the
 * host does or learn who asks. Identity (`user`, `metadata`, `session_id`) never leaves.
 */

import type { ChatRequest } from '../protocol/chat-request.ts'
import type { RuntimeKind } from '../protocol/claim.ts'

/** Fields with no effect on the hold beyond the window and `n`, which it already counts. */
const common = [
  'messages',
  'temperature',
  'top_p',
  'stop',
  'seed',
  'presence_penalty',
  'frequency_penalty',
  'tools',
  'tool_choice',
  'response_format',
] as const

const further: Readonly<Record<RuntimeKind, readonly string[]>> = {
  vllm: ['n', 'logprobs', 'top_logprobs', 'logit_bias', 'parallel_tool_calls', 'top_k', 'min_p'],
  sglang: ['n', 'logprobs', 'top_logprobs', 'logit_bias', 'top_k', 'min_p'],
  ollama: [],
  llamacpp: ['logit_bias', 'top_k', 'min_p'],
  lmstudio: ['logit_bias', 'top_k'],
  openai: [],
}

/** What the gateway itself acts on: no host needs it. */
const ownFields = [
  'model',
  'stream',
  'stream_options',
  'max_tokens',
  'max_completion_tokens',
  'n',
  'user',
  'metadata',
  'session_id',
  'prompt_cache_key',
  'provider',
] as const

/** Whether a runtime of this kind would be given every parameter of the request. */
export function forwardsAll(request: ChatRequest, kind: RuntimeKind): boolean {
  const known = new Set<string>([...common, ...further[kind], ...ownFields])
  return Object.entries(request).every(([name, value]) => value == null || known.has(name))
}

/** The body for a host: allowlisted fields, its window, always streamed with usage. */
export function hostBody(
  request: ChatRequest,
  to: { readonly kind: RuntimeKind; readonly model: string; readonly maxTokens: number },
): Buffer {
  const allowed = new Set<string>([...common, ...further[to.kind]])
  const kept = Object.entries(request).filter(([name, value]) => allowed.has(name) && value != null)
  return Buffer.from(
    JSON.stringify({
      ...Object.fromEntries(kept),
      model: to.model,
      max_tokens: to.maxTokens,
      stream: true,
      stream_options: { include_usage: true },
    }),
  )
}

/** Whether a runtime of this kind can answer several choices at once. */
export const servesChoices = (kind: RuntimeKind, choices: number): boolean =>
  choices === 1 || further[kind].includes('n')
