/**
 * A host's chunk read by hand, because nearly every one of a stream is a text and little else, and a schema
 * takes longer than all that is done with it. Whatever is not that plain is for the schema to judge, which
 * says the same of what is.
 */
import { isWithin } from './bounded-json.ts'
import {
  type ChatDelta,
  choicesMax,
  type HostChunk,
  logprobsBounds,
  reasonCharsMax,
  withCached,
} from './chat-chunk.ts'
import { HostTimings, HostUsage } from './host-usage.ts'

type Choice = HostChunk['choices'][number]
type Fields = Readonly<Record<string, unknown>>

/** Undefined where the schema has to read it. */
export function plainChunk(json: Fields): HostChunk | undefined {
  const { choices: given, usage, timings } = json
  if (!Array.isArray(given) || given.length > choicesMax) return undefined
  const choices: Choice[] = []
  for (const one of given) {
    const choice = plainChoice(one)
    if (choice === undefined) return undefined
    choices.push(choice)
  }
  if (usage == null) return { choices, usage: null }
  return { choices, usage: withCached(HostUsage.parse(usage), HostTimings.parse(timings)) }
}

function plainChoice(json: unknown): Choice | undefined {
  if (!isFields(json) || json.message != null) return undefined
  const { index, finish_reason: reason, logprobs } = json
  if (index != null && !isIndex(index)) return undefined
  if (reason != null && !isReason(reason)) return undefined
  const delta = plainDelta(json)
  if (delta === undefined) return undefined
  return {
    index: index ?? 0,
    delta,
    finish_reason: reason,
    logprobs: logprobs == null || isWithin(logprobs, logprobsBounds) ? logprobs : undefined,
  }
}

/** Null for none. */
function plainDelta({ delta, text }: Fields): ChatDelta | null | undefined {
  if (!isText(text)) return undefined
  if (delta == null) return text == null ? null : { content: text }
  if (!isFields(delta)) return undefined
  const { content, reasoning_content, reasoning, refusal, tool_calls } = delta
  if (tool_calls != null) return undefined
  if (!isText(content) || !isText(reasoning_content) || !isText(refusal)) return undefined
  const thought = reasoning === undefined || typeof reasoning === 'string' ? reasoning : null
  return { content, reasoning_content: reasoning_content || thought, refusal, tool_calls }
}

const isFields = (json: unknown): json is Fields =>
  typeof json === 'object' && json !== null && !Array.isArray(json)
const isText = (json: unknown): json is string | null | undefined =>
  json == null || typeof json === 'string'
const isIndex = (json: unknown): json is number =>
  Number.isInteger(json) && typeof json === 'number' && json >= 0 && json < choicesMax
const isReason = (json: unknown): json is string =>
  typeof json === 'string' && json.length <= reasonCharsMax
