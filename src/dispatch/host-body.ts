/**
 * What of a request reaches a host: an allowlist, because every further field could change what the
 * host does or learn who asks. Identity (`user`, `metadata`, `session_id`) never leaves.
 */

import type { ChatRequest } from '../protocol/chat-request.ts'
import type { RuntimeKind } from '../protocol/claim.ts'
import type { Random } from '../protocol/clock.ts'

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
  ollama: ['logprobs', 'top_logprobs'],
  llamacpp: ['logprobs', 'top_logprobs', 'logit_bias', 'top_k', 'min_p'],
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

/** Whether a runtime of this kind is ever asked for log-probabilities. */
export const givesLogprobs = (kind: RuntimeKind): boolean => further[kind].includes('logprobs')

/** Of requests that do not ask for log-probabilities, how many ask the host for them all the same. */
export const logprobsSampleRate = 0.02
const sampledTopLogprobs = 5
/** llama.cpp refuses log-probabilities beside tools in a stream. */
const unsampledFields = ['tools', 'tool_choice', 'response_format'] as const

/** A host that is asked for them now and then cannot tell a spot check by the asking. */
export function samplesLogprobs(request: ChatRequest, random: Random): boolean {
  return (
    random() >= 1 - logprobsSampleRate && unsampledFields.every((name) => request[name] == null)
  )
}

/** Whether the customer asked, and so may see what comes. */
export const wantsLogprobs = (request: ChatRequest): boolean => request.logprobs === true

/** Always at the end of the body, whoever asked: their place must not tell either. */
function logprobsFields(
  request: ChatRequest,
  to: { readonly kind: RuntimeKind; readonly samplesLogprobs?: boolean | undefined },
) {
  if (!givesLogprobs(to.kind)) return {}
  if (wantsLogprobs(request)) return { logprobs: true, top_logprobs: request.top_logprobs }
  return to.samplesLogprobs ? { logprobs: true, top_logprobs: sampledTopLogprobs } : {}
}

/** The body for a host: allowlisted fields, its window, always streamed with usage. */
export function hostBody(
  request: ChatRequest,
  to: {
    readonly kind: RuntimeKind
    readonly model: string
    readonly maxTokens: number
    /** Log-probabilities are asked for although the customer did not: the relay drops them. */
    readonly samplesLogprobs?: boolean | undefined
  },
): Buffer {
  const allowed = new Set<string>([...common, ...further[to.kind]])
  allowed.delete('logprobs')
  allowed.delete('top_logprobs')
  const kept = Object.entries(request).filter(([name, value]) => allowed.has(name) && value != null)
  return Buffer.from(
    JSON.stringify({
      ...Object.fromEntries(kept),
      model: to.model,
      max_tokens: to.maxTokens,
      stream: true,
      stream_options: { include_usage: true },
      ...logprobsFields(request, to),
    }),
  )
}

/** Whether a runtime of this kind can answer several choices at once. */
export const servesChoices = (kind: RuntimeKind, choices: number): boolean =>
  choices === 1 || further[kind].includes('n')
