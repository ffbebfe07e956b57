/**
 * What a Responses request may not ask for here: what needs something stored, tools that a provider
 * hosts, and inputs that no host reads. Each is refused by name, because leaving it out without a
 * word would answer another request than the one that was sent.
 */
import type { ApiError } from '../protocol/errors.ts'
import { limits } from '../protocol/limits.ts'
import { type InputItem, type InputPart, ResponsesRequest } from '../protocol/responses-request.ts'
import { isFunction, isImage, knownItem, textOfPart } from './input-kinds.ts'

/** Undefined where the request can be put in the words of chat. */
export function refusalOf(request: ResponsesRequest): ApiError | undefined {
  return (
    refusedField(request) ??
    refusedTool(request) ??
    refusedChoice(request) ??
    refusedLogprobs(request) ??
    refusedInput(request.input) ??
    unknownField(request)
  )
}

const nothingStored = 'Nothing is stored here: send the earlier items in input.'

function refusedField(request: ResponsesRequest): ApiError | undefined {
  const asked = (name: keyof ResponsesRequest, why: string) =>
    request[name] == null ? undefined : unsupported(name, why)
  return (
    asked('previous_response_id', nothingStored) ??
    asked('conversation', nothingStored) ??
    asked('prompt', 'Nothing is stored here: send the prompt itself, as instructions and input.') ??
    asked('moderation', 'No host moderates: check the texts on your side.') ??
    (request.background === true
      ? unsupported('background', 'Nothing is stored here to be fetched later: ask with stream.')
      : undefined) ??
    (request.truncation === 'auto'
      ? unsupported('truncation', '"auto": nothing is left out unasked. Send a shorter input.')
      : undefined) ??
    (isEmptyList(request.context_management)
      ? undefined
      : asked('context_management', 'No host compacts: send a shorter input.')) ??
    (request.tools?.length
      ? asked('max_tool_calls', 'No runtime counts its calls: set parallel_tool_calls to false.')
      : undefined)
  )
}

const isEmptyList = (value: unknown) => Array.isArray(value) && value.length === 0

function refusedTool({ tools }: ResponsesRequest): ApiError | undefined {
  const hosted = (tools ?? []).findIndex((tool) => !isFunction(tool))
  if (hosted < 0) return undefined
  return unsupported(`tools.${hosted}.type`, 'No host has tools of its own: send a function.')
}

function refusedChoice({ tools, tool_choice: choice }: ResponsesRequest): ApiError | undefined {
  if (typeof choice !== 'object' || choice === null || 'name' in choice) return undefined
  if (!('tools' in choice)) {
    return unsupported('tool_choice.type', 'No host has tools of its own: name a function.')
  }
  const known = new Set((tools ?? []).filter(isFunction).map(({ name }) => name))
  const stranger = choice.tools.findIndex(({ name }) => !known.has(name))
  if (stranger < 0) return undefined
  return invalid(`tool_choice.tools.${stranger}.name`, 'the function is not among the tools')
}

function refusedLogprobs({ top_logprobs, include }: ResponsesRequest): ApiError | undefined {
  const isAsked = include?.includes('message.output_text.logprobs')
  if (!top_logprobs || isAsked) return undefined
  return invalid('top_logprobs', 'it needs include to name message.output_text.logprobs')
}

function refusedInput(input: ResponsesRequest['input']): ApiError | undefined {
  if (typeof input === 'string') return undefined
  const isHeard = input.some((item) => knownItem(item)?.kind !== 'reasoning')
  if (!isHeard) return invalid('input', 'it needs a message, a call or the output of one')
  let callsInTurn = 0
  for (const [at, item] of input.entries()) {
    const fault = refusedItem(item, `input.${at}`)
    if (fault) return fault
    callsInTurn = 'arguments' in item ? callsInTurn + 1 : 'output' in item ? 0 : callsInTurn
    if (callsInTurn > limits.toolCallsPerMessage) {
      return invalid(`input.${at}`, `a turn has at most ${limits.toolCallsPerMessage} calls`)
    }
  }
  return undefined
}

function refusedItem(item: InputItem, at: string): ApiError | undefined {
  const known = knownItem(item)
  switch (known?.kind) {
    case undefined:
      return unsupported(`${at}.type`, refusedItemWhy(item.type))
    case 'call':
    case 'reasoning':
      return undefined
    case 'message': {
      const { role, content } = known.message
      return refusedPart(content, { at: `${at}.content`, takesImages: role === 'user' })
    }
    case 'output':
      return refusedPart(known.result.output, { at: `${at}.output`, takesImages: false })
  }
}

const refusedItemWhy = (type: string | undefined) =>
  type === 'item_reference'
    ? 'Nothing is stored here: send the item itself.'
    : 'Hosts read messages, calls of functions with their outputs, and reasoning.'

function refusedPart(
  content: string | readonly InputPart[],
  { at, takesImages }: { readonly at: string; readonly takesImages: boolean },
): ApiError | undefined {
  if (typeof content === 'string') return undefined
  for (const [place, part] of content.entries()) {
    const param = `${at}.${place}`
    if (textOfPart(part) !== undefined) continue
    if (!isImage(part)) return unsupported(`${param}.type`, 'Hosts read texts and images.')
    if (!takesImages) {
      return unsupported(`${param}.type`, 'Images belong into messages of the user.')
    }
    if (part.file_id != null) {
      return unsupported(`${param}.file_id`, 'No files are kept: send image_url as a data URI.')
    }
    if (part.image_url == null) {
      const message = `${param}.image_url is required.`
      return { code: 'missing_required_parameter', param: `${param}.image_url`, message }
    }
  }
  return undefined
}

/** Otherwise they are left out, as everywhere. */
function unknownField(request: ResponsesRequest): ApiError | undefined {
  if (request.provider?.require_parameters !== true) return undefined
  const known = ResponsesRequest.shape
  const unknown = Object.keys(request).find(
    (name) => request[name] != null && !Object.hasOwn(known, name),
  )
  return unknown === undefined
    ? undefined
    : unsupported(unknown.slice(0, paramCharsMax), 'No runtime takes it. Leave it out.')
}

/** The name of an unknown field is the client's own. */
const paramCharsMax = 128

const unsupported = (param: string, why: string): ApiError => ({
  code: 'unsupported_parameter',
  param,
  message: `${param} is not supported. ${why}`,
})
const invalid = (param: string, fault: string): ApiError => ({
  code: 'invalid_value',
  param,
  message: `${param}: ${fault}.`,
})
