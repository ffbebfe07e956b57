/**
 * From a host's dialect to OpenAI's chunks: one id, one model name, a role chunk first, finish
 * reasons kept back until the money is settled. Counts and hashes what passes, and keeps no text.
 */
import { createHash } from 'node:crypto'
import {
  type ChatChunk,
  type ChatDelta,
  type HostChunk,
  textOf,
  type WireUsage,
} from '../protocol/chat-chunk.ts'
import type { TokenCounts } from '../protocol/usage.ts'

export type RelayIdentity = {
  readonly requestId: string
  readonly createdSec: number
  readonly model: string
  readonly choices: number
  /** What was read for our own sake stays here. */
  readonly showsLogprobs?: boolean | undefined
}

export type RelayTotals = {
  readonly completionBytes: number
  readonly outputSha256: string
  /** By choice; missing where the host never finished it. */
  readonly finishReasons: ReadonlyMap<number, string>
  /** The last usage on any frame: the host's word, whatever frame it came on. */
  readonly hostUsage: TokenCounts | null
}

export type Relay = {
  /** Chunks to hand on; empty for frames without content. */
  readonly take: (chunk: HostChunk) => ChatChunk[]
  readonly hasContent: () => boolean
  /** Every choice has ended. */
  readonly isFinished: () => boolean
  readonly totals: () => RelayTotals
}

export function makeRelay(identity: RelayIdentity): Relay {
  const hash = createHash('sha256')
  const finishReasons = new Map<number, string>()
  const started = new Set<number>()
  let completionBytes = 0
  let hostUsage: TokenCounts | null = null

  const take = (chunk: HostChunk): ChatChunk[] => {
    if (chunk.usage) hostUsage = toTokenCounts(chunk.usage)
    return chunk.choices.flatMap((choice) => {
      const { index } = choice
      if (index >= identity.choices) return []
      if (choice.finish_reason) finishReasons.set(index, choice.finish_reason)
      const text = textOf(choice.delta)
      if (text === '' && !choice.delta?.tool_calls?.length) return []
      hash.update(text, 'utf8')
      completionBytes += Buffer.byteLength(text, 'utf8')
      const delta = contentOf(choice.delta ?? {})
      const showsLogprobs = identity.showsLogprobs && choice.logprobs !== undefined
      const logprobs = showsLogprobs ? { logprobs: choice.logprobs } : {}
      const content = chunkOf(identity, [{ index, delta, finish_reason: null, ...logprobs }])
      if (started.has(index)) return [content]
      started.add(index)
      const role = { role: 'assistant', content: '' }
      return [chunkOf(identity, [{ index, delta: role, finish_reason: null }]), content]
    })
  }

  return {
    take,
    hasContent: () => started.size > 0,
    isFinished: () => finishReasons.size >= identity.choices,
    totals: () => ({
      completionBytes,
      outputSha256: hash.copy().digest('hex'),
      finishReasons,
      hostUsage,
    }),
  }
}

export function chunkOf(
  identity: RelayIdentity,
  choices: ChatChunk['choices'],
  extension: Readonly<Record<string, unknown>> = {},
): ChatChunk {
  return {
    id: completionId(identity.requestId),
    object: 'chat.completion.chunk',
    created: identity.createdSec,
    model: identity.model,
    choices,
    ...extension,
  }
}

export const completionId = (requestId: string): string => `chatcmpl-${requestId}`

export function toTokenCounts(usage: WireUsage): TokenCounts {
  const cached = usage.prompt_tokens_details?.cached_tokens ?? 0
  return {
    prompt: usage.prompt_tokens,
    cached_prompt: Math.min(cached, usage.prompt_tokens),
    completion: usage.completion_tokens,
  }
}

export function toWireUsage(counts: TokenCounts): WireUsage {
  return {
    prompt_tokens: counts.prompt,
    completion_tokens: counts.completion,
    total_tokens: counts.prompt + counts.completion,
    prompt_tokens_details: { cached_tokens: counts.cached_prompt },
  }
}

/** The parts of a delta that clients know; a runtime's own extras stay behind. */
function contentOf(delta: ChatDelta): ChatDelta {
  const { content, reasoning_content, refusal, tool_calls } = delta
  return {
    ...(content == null ? {} : { content }),
    ...(reasoning_content == null ? {} : { reasoning_content }),
    ...(refusal == null ? {} : { refusal }),
    ...(tool_calls == null
      ? {}
      : { tool_calls: tool_calls.map((call, index) => ({ ...call, index: call.index ?? index })) }),
  }
}
