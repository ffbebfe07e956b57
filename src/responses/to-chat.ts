/**
 * A Responses request in the words of chat, so that hosts without a Responses API of their own serve it,
 * with the prices, bounds and receipts of any chat; and faults that chat finds, in the words of the
 * request they were sent with.
 */
import type { ChatRequest } from '../protocol/chat-request.ts'
import type { ApiError } from '../protocol/errors.ts'
import type { ResponsesRequest } from '../protocol/responses-request.ts'
import { ok, type Result } from '../protocol/result.ts'
import { isFunction } from './input-kinds.ts'
import { refusalOf } from './refusals.ts'
import { toMessages } from './to-messages.ts'

export function toChatRequest(request: ResponsesRequest): Result<ChatRequest> {
  const error = refusalOf(request)
  return error ? { ok: false, error } : ok(inChat(request))
}

function inChat(request: ResponsesRequest): ChatRequest {
  const { text, reasoning } = request
  return {
    model: request.model,
    messages: toMessages(request),
    stream: request.stream,
    max_tokens: request.max_output_tokens,
    temperature: request.temperature,
    top_p: request.top_p,
    presence_penalty: request.presence_penalty,
    frequency_penalty: request.frequency_penalty,
    response_format: responseFormat(text?.format),
    verbosity: text?.verbosity,
    ...toolFields(request),
    reasoning_effort: reasoning?.effort,
    ...logprobsFields(request),
    service_tier: request.service_tier,
    prompt_cache_options: request.prompt_cache_options,
    prompt_cache_retention: request.prompt_cache_retention,
    prompt_cache_key: request.prompt_cache_key,
    session_id: request.session_id,
    user: request.user,
    safety_identifier: request.safety_identifier,
    metadata: request.metadata,
    provider: request.provider,
  }
}

function logprobsFields({ include, top_logprobs }: ResponsesRequest): Partial<ChatRequest> {
  return include?.includes('message.output_text.logprobs') ? { logprobs: true, top_logprobs } : {}
}

type Format = NonNullable<ResponsesRequest['text']>['format']

function responseFormat(format: Format): ChatRequest['response_format'] {
  if (format?.type !== 'json_schema') return format
  const { type, ...json_schema } = format
  return { type, json_schema }
}

function toolFields(request: ResponsesRequest): Partial<ChatRequest> {
  const { tool_choice: choice, parallel_tool_calls } = request
  const functions = (request.tools ?? []).filter(isFunction)
  const isSubset = typeof choice === 'object' && choice !== null && 'tools' in choice
  const allowed = isSubset ? new Set(choice.tools.map(({ name }) => name)) : undefined
  // Whoever must not be called is not shown: no runtime could be held to it otherwise.
  const shown = functions.filter(({ name }) => allowed?.has(name) ?? true)
  return {
    tools: shown.map(({ type, ...called }) => ({ type, function: called })),
    tool_choice: toolChoice(choice),
    parallel_tool_calls,
  }
}

function toolChoice(choice: ResponsesRequest['tool_choice']): ChatRequest['tool_choice'] {
  if (typeof choice !== 'object' || choice === null) return choice
  if ('mode' in choice) return choice.mode
  return 'name' in choice ? { type: 'function', function: { name: choice.name } } : undefined
}

const ourNames: readonly (readonly [RegExp, string])[] = [
  [/^messages\b.*/, 'input'],
  [/^response_format\b/, 'text.format'],
  [/^verbosity$/, 'text.verbosity'],
  [/^reasoning_effort$/, 'reasoning.effort'],
  [/^max_(completion_)?tokens$/, 'max_output_tokens'],
  [/^logprobs$/, 'include'],
]

/** A fault of the chat request, told of the field that it came from. */
export function inResponsesWords(error: ApiError): ApiError {
  const { param, message } = error
  const found = ourNames.find(([theirs]) => param !== undefined && theirs.test(param))
  if (param === undefined || found === undefined) return error
  const renamed = param.replace(...found)
  if (message === undefined) return { ...error, param: renamed }
  const word = new RegExp(`\\b${param}\\b`, 'g')
  return { ...error, param: renamed, message: message.replace(word, renamed) }
}
