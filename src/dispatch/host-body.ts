/**
 * The body that a host gets: what the field table says of its runtime kind, our model name and
 * window, always streamed. Identity (`user`, `metadata`, `session_id`) never leaves.
 */

import type { ChatMessage, ChatRequest } from '../protocol/chat-request.ts'
import type { RuntimeKind } from '../protocol/claim.ts'
import type { Random } from '../protocol/clock.ts'
import { asks, fieldTable, takes } from './field-table.ts'

/** Whether a runtime of this kind is ever asked for log-probabilities. */
export const givesLogprobs = (kind: RuntimeKind): boolean => takes(kind, 'logprobs', true)

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
  return Buffer.from(
    JSON.stringify({
      ...takenFields(inWordsOf(to, request), to.kind),
      model: to.model,
      max_tokens: to.maxTokens,
      stream: true,
      stream_options: { include_usage: true, ...runningUsage(to.kind) },
      ...parallelCalls(request, to.kind),
      ...logprobsFields(request, to),
    }),
  )
}

/** With tools or not at all: vLLM refuses these where there are none. */
const besideTools: readonly string[] = ['tool_choice', 'parallel_tool_calls']
/** Both have a place of their own. */
const placedLast: readonly string[] = ['logprobs', 'top_logprobs']

function takenFields(request: ChatRequest, kind: RuntimeKind): object {
  const leftOut = asks('tools', request.tools) ? placedLast : [...placedLast, ...besideTools]
  const taken = Object.entries(request).filter(
    ([name, value]) => asks(name, value) && takes(kind, name, value) && !leftOut.includes(name),
  )
  return Object.fromEntries(
    taken.map(([name, value]) => [fieldTable.get(name)?.sentAs?.[kind] ?? name, value]),
  )
}

/**
 * What not every runtime, version or template knows, in words that this one does: templates drop a
 * `developer` message without a word, or fail on it.
 */
function inWordsOf(
  { kind, maxTokens }: { readonly kind: RuntimeKind; readonly maxTokens: number },
  request: ChatRequest,
): ChatRequest {
  const { reasoning_effort: effort, min_tokens } = request
  return {
    ...request,
    messages: request.messages.map(asSystem),
    ...(effort == null ? {} : { reasoning_effort: commonEfforts[effort] }),
    ...(min_tokens == null ? {} : { min_tokens: Math.min(min_tokens, maxTokens) }),
    ...(kind === 'llamacpp' || kind === 'lmstudio' ? onlyChosenTool(request) : {}),
    ...(callsNone(request) && !takes(kind, 'tool_choice', 'none') ? { tools: undefined } : {}),
  }
}

const callsNone = ({ tool_choice }: ChatRequest): boolean => tool_choice === 'none'

/** These know no tool by its name, but they know one that is required. */
function onlyChosenTool({ tools, tool_choice: choice }: ChatRequest): Partial<ChatRequest> {
  if (typeof choice !== 'object' || choice === null) return {}
  const { name } = choice.function
  const chosen = tools?.filter((tool) => 'function' in tool && tool.function.name === name)
  return { tools: chosen, tool_choice: 'required' }
}

/** Elsewhere several calls are the default; llama.cpp has to be told. */
const parallelCalls = (request: ChatRequest, kind: RuntimeKind) =>
  kind === 'llamacpp' && request.parallel_tool_calls === true && asks('tools', request.tools)
    ? { parallel_tool_calls: true }
    : {}

const asSystem = (message: ChatMessage): ChatMessage =>
  message.role === 'developer' ? { ...message, role: 'system' } : message

const commonEfforts = {
  none: 'none',
  minimal: 'low',
  low: 'low',
  medium: 'medium',
  high: 'high',
  xhigh: 'high',
  max: 'high',
} as const

/** What was worked until an answer was cut is known only where usage runs along. */
export const runningUsage = (kind: RuntimeKind) =>
  kind === 'vllm' || kind === 'sglang' ? { continuous_usage_stats: true } : {}
