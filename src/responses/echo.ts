/**
 * What a response object repeats of its request. Open Responses wants every setting said, so what the
 * request left open is answered with the default of that specification.
 */
import type { ResponseObject } from '../protocol/responses-object.ts'
import type { ResponsesRequest } from '../protocol/responses-request.ts'
import { isFunction } from './input-kinds.ts'

export type Identity = {
  readonly requestId: string
  readonly createdSec: number
  readonly model: string
}

/** The response as it begins: nothing said, nothing billed. */
export function begunResponse(
  request: ResponsesRequest,
  { requestId, createdSec, model }: Identity,
): ResponseObject {
  return {
    id: `resp_${requestId}`,
    object: 'response',
    created_at: createdSec,
    completed_at: null,
    status: 'in_progress',
    error: null,
    incomplete_details: null,
    model,
    output: [],
    usage: null,
    ...echoOf(request),
    previous_response_id: null,
    store: false,
    background: false,
    service_tier: 'default',
    truncation: 'disabled',
    access_programs: null,
  }
}

function echoOf(request: ResponsesRequest) {
  return {
    instructions: request.instructions ?? null,
    tools: (request.tools ?? []).filter(isFunction).map(echoOfTool),
    tool_choice: echoOfChoice(request.tool_choice),
    parallel_tool_calls: request.parallel_tool_calls ?? true,
    max_tool_calls: request.max_tool_calls ?? null,
    text: { format: echoOfFormat(request.text?.format) },
    reasoning: { effort: request.reasoning?.effort ?? null, summary: null },
    max_output_tokens: request.max_output_tokens ?? null,
    temperature: request.temperature ?? 1,
    top_p: request.top_p ?? 1,
    presence_penalty: request.presence_penalty ?? 0,
    frequency_penalty: request.frequency_penalty ?? 0,
    top_logprobs: request.top_logprobs ?? 0,
    metadata: request.metadata ?? {},
    user: request.user ?? null,
    safety_identifier: request.safety_identifier ?? null,
    prompt_cache_key: request.prompt_cache_key ?? null,
  }
}

type Asked = NonNullable<ResponsesRequest['text']>['format']

function echoOfFormat(format: Asked): ResponseObject['text']['format'] {
  if (format?.type !== 'json_schema') return format ?? { type: 'text' }
  const { description, strict } = format
  return { ...format, description: description ?? null, strict: strict ?? false }
}

type AnyTool = NonNullable<ResponsesRequest['tools']>[number]

function echoOfTool({
  type,
  name,
  description = null,
  parameters = null,
  strict = null,
}: Extract<AnyTool, { name: string }>) {
  return { type, name, description, parameters, strict }
}

function echoOfChoice(choice: ResponsesRequest['tool_choice']): ResponseObject['tool_choice'] {
  if (typeof choice !== 'object' || choice === null) return choice ?? 'auto'
  return 'name' in choice || 'mode' in choice ? choice : 'auto'
}
