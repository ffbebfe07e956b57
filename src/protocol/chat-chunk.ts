/**
 * Streamed chat chunks as runtimes write them (accepted loosely, read into one shape) and the text
 * in them. Agent and gateway both hash that text, each from the same frame, so everything here
 * looks at one frame alone: what counts as text is defined once and needs no memory.
 */
import * as z from 'zod'
import { isWithin } from './bounded-json.ts'
import { HostTimings, HostUsage, usageOf, type WireUsage } from './host-usage.ts'

/** Some runtimes hand arguments over as a value: its JSON is the text. */
const Arguments = z
  .union([z.string(), z.record(z.string(), z.unknown()), z.array(z.unknown())])
  .transform((given) => (typeof given === 'string' ? given : JSON.stringify(given)))

/** A piece of a tool call; whose piece it is, runtimes tell by `index`, by `id` or not at all. */
export type ToolCallDelta = {
  readonly index?: number | undefined
  readonly id?: string | undefined
  readonly type?: 'function'
  readonly function?: {
    readonly name?: string | null | undefined
    readonly arguments?: string | null | undefined
  }
}

const HostToolCall = z
  .object({
    index: z.int().min(0).nullish().catch(null),
    id: z.string().nullish().catch(null),
    function: z.object({ name: z.string().nullish(), arguments: Arguments.nullish() }).nullish(),
  })
  .transform(({ index, id, function: called }): ToolCallDelta => {
    return { index: index ?? undefined, id: id ?? undefined, function: called ?? {} }
  })

export type ChatDelta = {
  readonly role?: string
  readonly content?: string | null | undefined
  readonly reasoning_content?: string | null | undefined
  readonly refusal?: string | null | undefined
  readonly tool_calls?: readonly ToolCallDelta[] | null | undefined
}

const HostDelta = z
  .object({
    content: z.string().nullish(),
    reasoning_content: z.string().nullish(),
    reasoning: z.string().nullish().catch(null),
    refusal: z.string().nullish(),
    tool_calls: z.array(HostToolCall).nullish(),
  })
  // vLLM since 0.19, Ollama and LM Studio say `reasoning`; a runtime that says both says it twice.
  .transform(({ reasoning, ...delta }): ChatDelta => {
    return { ...delta, reasoning_content: delta.reasoning_content || reasoning }
  })

/** Theirs nest six deep. They are handed on as they came: what is deeper could not be written again. */
export const logprobsBounds = { depthMax: 8, valuesMax: 1_000_000 }
const Logprobs = z
  .unknown()
  .refine((given) => isWithin(given, logprobsBounds))
  .catch(undefined)

/** Whole messages, and texts of plain completions, are deltas that come in one piece. */
export const choicesMax = 16
export const reasonCharsMax = 32

const HostChoice = z
  .object({
    index: z
      .int()
      .min(0)
      .max(choicesMax - 1)
      .nullish(),
    delta: HostDelta.nullish(),
    message: HostDelta.nullish(),
    text: z.string().nullish(),
    /** In the runtime's own words; `''` is what some say where others say null. */
    finish_reason: z.string().max(reasonCharsMax).nullish(),
    logprobs: Logprobs.optional(),
  })
  .transform(({ index, delta, message, text, ...rest }): HostChunk['choices'][number] => ({
    ...rest,
    index: index ?? 0,
    delta: delta ?? message ?? (text == null ? null : { content: text }),
  }))

export type HostChunk = {
  readonly choices: readonly {
    readonly index: number
    readonly delta?: ChatDelta | null | undefined
    readonly finish_reason?: string | null | undefined
    readonly logprobs?: unknown
  }[]
  readonly usage?: WireUsage | null | undefined
}

export const HostChunk = z
  .object({
    choices: z
      .array(HostChoice)
      .max(choicesMax)
      .nullish()
      .transform((choices) => choices ?? []),
    usage: HostUsage,
    timings: HostTimings,
  })
  .transform(({ choices, usage, timings }): HostChunk => {
    return { choices, usage: withCached(usage, timings) }
  })

export function withCached(
  usage: WireUsage | null | undefined,
  timings: z.infer<typeof HostTimings>,
): WireUsage | null {
  if (usage == null || timings?.cache_n == null) return usage ?? null
  const cached = Math.max(usage.prompt_tokens_details.cached_tokens, timings.cache_n)
  return usageOf(usage.prompt_tokens, usage.completion_tokens, cached)
}

/** Every text that a delta carries, in a fixed order. Reasoning and tool arguments are output too. */
export function textOf(delta: ChatDelta | null | undefined): string {
  if (!delta) return ''
  const text = `${delta.reasoning_content ?? ''}${delta.content ?? ''}${delta.refusal ?? ''}`
  if (!delta.tool_calls) return text
  const ofCalls = delta.tool_calls.map(
    ({ function: called }) => `${called?.name ?? ''}${called?.arguments ?? ''}`,
  )
  return `${text}${ofCalls.join('')}`
}

/** The text of a whole chunk, over its choices in the order they stand. */
export function chunkText({ choices }: HostChunk): string {
  let text = ''
  for (const { delta } of choices) text += textOf(delta)
  return text
}

export type ChatChunk = {
  readonly id: string
  readonly object: 'chat.completion.chunk'
  readonly created: number
  readonly model: string
  readonly choices: readonly {
    readonly index: number
    readonly delta: ChatDelta
    readonly finish_reason: string | null
    readonly logprobs?: unknown
  }[]
  readonly usage?: WireUsage | null
  readonly [extension: string]: unknown
}
