/**
 * Streamed chat chunks as runtimes write them (accepted loosely) and the text in them. Agent and
 * gateway both hash that text, so what counts as text is defined here, once.
 */
import * as z from 'zod'

const ToolCallDelta = z.looseObject({
  index: z.int().min(0).optional(),
  id: z.string().nullish(),
  type: z.string().nullish(),
  function: z
    .looseObject({ name: z.string().nullish(), arguments: z.string().nullish() })
    .nullish(),
})

export const ChatDelta = z.looseObject({
  role: z.string().nullish(),
  content: z.string().nullish(),
  reasoning_content: z.string().nullish(),
  refusal: z.string().nullish(),
  tool_calls: z.array(ToolCallDelta).nullish(),
})
export type ChatDelta = z.infer<typeof ChatDelta>

const count = z.int().min(0)

export const WireUsage = z.looseObject({
  prompt_tokens: count,
  completion_tokens: count,
  total_tokens: count.optional(),
  prompt_tokens_details: z.looseObject({ cached_tokens: count.nullish() }).nullish(),
})
export type WireUsage = z.infer<typeof WireUsage>

export const HostChunk = z.looseObject({
  choices: z
    .array(
      z.looseObject({
        index: z.int().min(0).max(15).default(0),
        delta: ChatDelta.nullish(),
        finish_reason: z.string().max(32).nullish(),
        logprobs: z.unknown().optional(),
      }),
    )
    .max(16)
    .default([]),
  usage: WireUsage.nullish(),
})
export type HostChunk = z.infer<typeof HostChunk>

/** Every text that a delta carries, in a fixed order. Reasoning and tool arguments are output too. */
export function textOf(delta: ChatDelta | null | undefined): string {
  if (!delta) return ''
  const toolText = (delta.tool_calls ?? [])
    .map((call) => `${call.function?.name ?? ''}${call.function?.arguments ?? ''}`)
    .join('')
  return `${delta.reasoning_content ?? ''}${delta.content ?? ''}${delta.refusal ?? ''}${toolText}`
}

/** The text of a whole chunk, over its choices in the order they stand. */
export function chunkText(chunk: HostChunk): string {
  return chunk.choices.map((choice) => textOf(choice.delta)).join('')
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
