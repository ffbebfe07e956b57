/**
 * Whether a request's parameters can be served at all, before anything is held: those that no host may
 * be sent, those that contradict each other, and those that no runtime of the model takes.
 */
import type { PricedModel } from '../catalogue/model.ts'
import {
  asks,
  fieldTable,
  firstDropped,
  firstMissing,
  imagesReadBy,
  takes,
} from '../dispatch/field-table.ts'
import type { ImageType } from '../metering/images.ts'
import type { ProfileManifest } from '../protocol/catalogue.ts'
import type { ChatRequest } from '../protocol/chat-request.ts'
import type { RuntimeKind } from '../protocol/claim.ts'
import type { ApiError } from '../protocol/errors.ts'

export type Asked = { readonly request: ChatRequest; readonly images: readonly ImageType[] }

/** Undefined where some host of the model could serve the request as it stands. */
export function parameterFault(asked: Asked, model: PricedModel): ApiError | undefined {
  return (
    refusedField(asked.request) ??
    refusedTool(asked.request) ??
    contradiction(asked.request) ??
    unservedImages(asked, model) ??
    untakenField(asked.request, model)
  )
}

/** Whether a build can serve the request by what its manifest and its runtime say. */
export function servesParameters(
  { request, images }: Asked,
  kind: RuntimeKind,
  manifest: ProfileManifest | undefined,
): boolean {
  const mustTakeAll = request.provider?.require_parameters === true
  return (
    firstMissing(request, kind) === undefined &&
    (images.length === 0 || manifest?.image_tokens_max !== undefined) &&
    images.every((type) => imagesReadBy[kind].includes(type)) &&
    !(mustTakeAll && firstDropped(request, kind) !== undefined)
  )
}

function refusedField(request: ChatRequest): ApiError | undefined {
  for (const [name, value] of Object.entries(request)) {
    const field = fieldTable.get(name)
    if (field?.effect === 'refused' && asks(name, value)) {
      return unsupported(name, `${name} is not supported. ${field.note}`)
    }
  }
  return undefined
}

function refusedTool({ tools, messages }: ChatRequest): ApiError | undefined {
  const hosted = (tools ?? []).findIndex(({ type }) => type !== 'function')
  if (hosted >= 0) {
    const param = `tools.${hosted}.type`
    return unsupported(param, `${param}: no host has tools of its own. Send a function.`)
  }
  const legacy = messages.findIndex(({ role }) => role === 'function')
  if (legacy < 0) return undefined
  const param = `messages.${legacy}.role`
  return unsupported(param, `${param}: "function" is deprecated. Send tools, and the role "tool".`)
}

/** Runtimes refuse these, each in words of its own, and it would count against their hosts. */
function contradiction(request: ChatRequest): ApiError | undefined {
  const { tools, tool_choice: choice, top_logprobs, logprobs, min_tokens } = request
  const names = (tools ?? []).flatMap((tool) => ('function' in tool ? [tool.function.name] : []))
  if (choice === 'required' && names.length === 0) {
    return invalid('tool_choice', 'it needs tools to choose from')
  }
  if (typeof choice === 'object' && choice && !names.includes(choice.function.name)) {
    return invalid('tool_choice', 'the function is not among the tools')
  }
  if (top_logprobs != null && logprobs !== true) {
    return invalid('top_logprobs', 'it needs logprobs to be true')
  }
  const window = request.max_completion_tokens ?? request.max_tokens
  return min_tokens != null && window != null && min_tokens > window
    ? invalid('min_tokens', 'it must not be above max_tokens')
    : undefined
}

function unservedImages({ images }: Asked, { id, profiles }: PricedModel): ApiError | undefined {
  if (images.length === 0) return undefined
  const seeing = profiles.filter((profile) => profile.image_tokens_max !== undefined)
  if (seeing.length === 0) return unsupported('messages', `${id} takes no images: send text alone.`)
  const kinds = seeing.flatMap((profile) => profile.runtime_kinds)
  const unread = images.find((type) => !kinds.some((kind) => imagesReadBy[kind].includes(type)))
  return unread === undefined
    ? undefined
    : unsupported('messages', `No runtime of ${id} reads ${unread} images: send PNG or JPEG.`)
}

/** Fields are left out where a runtime lacks them, save for some, and unless all are required. */
function untakenField(request: ChatRequest, { id, profiles }: PricedModel): ApiError | undefined {
  const kinds = [...new Set(profiles.flatMap((profile) => profile.runtime_kinds))]
  const mustTakeAll = request.provider?.require_parameters === true
  const lacking = kinds.map(
    (kind) =>
      firstMissing(request, kind) ?? (mustTakeAll ? firstDropped(request, kind) : undefined),
  )
  const [first] = lacking
  if (first === undefined || lacking.includes(undefined)) return undefined
  // Where each lacks another, one that nobody has says more.
  const param = lacking.find(
    (name) => name && !kinds.some((kind) => takes(kind, name, request[name])),
  )
  return unsupported(
    param ?? first,
    `${param ?? first}: no runtime of ${id} serves this request with it. Leave it out, or ask another model.`,
  )
}

const unsupported = (param: string, message: string): ApiError => ({
  code: 'unsupported_parameter',
  param: param.slice(0, paramCharsMax),
  message: message.slice(0, messageCharsMax),
})
const invalid = (param: string, fault: string): ApiError => ({
  code: 'invalid_value',
  param,
  message: `${param}: ${fault}.`,
})

/** The name of an unknown field is the client's own. */
const paramCharsMax = 128
const messageCharsMax = 512
