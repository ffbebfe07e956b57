/**
 * From a host's dialect to OpenAI's chunks: one id, one model name, a role chunk first, finish
 * reasons kept back until the money is settled. Counts and hashes what passes, and keeps no text.
 */
import { createHash } from 'node:crypto'
import { finishReasonOf, makeToolCalls } from '../dispatch/dialects.ts'
import {
  type ChatChunk,
  type ChatDelta,
  chunkText,
  type HostChunk,
  textOf,
} from '../protocol/chat-chunk.ts'
import { moreUsage, usageOf, type WireUsage } from '../protocol/host-usage.ts'
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
  /** UTF-8 of the texts that were handed on. */
  readonly completionBytes: number
  /** Over the texts as the host wrote them, as its claim is. */
  readonly outputSha256: string
  /** By choice, in OpenAI's words; missing where the host never finished it. */
  readonly finishReasons: ReadonlyMap<number, string>
  /** The host's word, whatever frames it came on: each count at its highest. */
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

type HostChoice = HostChunk['choices'][number]

/** Shown what of a choice is handed on, for whoever counts it. */
type Observe = (choice: number, delta: ChatDelta) => void

export function makeRelay(identity: RelayIdentity, observe?: Observe): Relay {
  const hash = createHash('sha256')
  const choices = Array.from({ length: identity.choices }, (_, index) => ({
    index,
    hasStarted: false,
    calls: makeToolCalls((call) => `call_${identity.requestId}_${index}_${call}`),
    /** The last word on its end that ends an answer. */
    endWord: '',
  }))
  let completionBytes = 0
  let usage: WireUsage | null = null

  const take = (chunk: HostChunk): ChatChunk[] => {
    usage = moreUsage(usage, chunk.usage)
    hash.update(chunkText(chunk), 'utf8')
    return chunk.choices.flatMap((said) => {
      const choice = choices[said.index]
      return choice ? takeChoice(choice, said) : []
    })
  }

  function takeChoice(choice: (typeof choices)[number], said: HostChoice): ChatChunk[] {
    const { index, calls } = choice
    const word = said.finish_reason ?? ''
    const ends = finishReasonOf(word, false) !== undefined
    if (ends) choice.endWord = word
    const pieces = [...calls.take(said.delta?.tool_calls ?? []), ...(ends ? calls.rest() : [])]
    const delta = contentOf(said.delta ?? {}, pieces)
    const logprobs = identity.showsLogprobs ? { logprobs: said.logprobs } : {}
    // The tokens of a character that is not whole yet have no text, but the customer asked for them.
    const isBesideText = choice.hasStarted && logprobs.logprobs != null
    if (Object.keys(delta).length === 0 && !isBesideText) return []
    completionBytes += Buffer.byteLength(textOf(delta), 'utf8')
    observe?.(index, delta)
    const shown = logprobs.logprobs == null ? {} : logprobs
    const content = chunkOf(identity, [{ index, delta, finish_reason: null, ...shown }])
    if (choice.hasStarted) return [content]
    choice.hasStarted = true
    const role = { role: 'assistant', content: '' }
    return [chunkOf(identity, [{ index, delta: role, finish_reason: null }]), content]
  }

  const finishReasons = () =>
    new Map(
      choices.flatMap(({ index, endWord, calls }): [number, string][] => {
        const reason = finishReasonOf(endWord, !calls.isEmpty())
        return reason === undefined ? [] : [[index, reason]]
      }),
    )

  return {
    take,
    hasContent: () => choices.some(({ hasStarted }) => hasStarted),
    isFinished: () => choices.every(({ endWord }) => endWord !== ''),
    totals: () => ({
      completionBytes,
      outputSha256: hash.copy().digest('hex'),
      finishReasons: finishReasons(),
      hostUsage: usage && toTokenCounts(usage),
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
  const { cached_tokens } = usage.prompt_tokens_details
  return {
    prompt: usage.prompt_tokens,
    cached_prompt: Math.min(cached_tokens, usage.prompt_tokens),
    completion: usage.completion_tokens,
  }
}

export const toWireUsage = ({ prompt, completion, cached_prompt }: TokenCounts): WireUsage =>
  usageOf(prompt, completion, cached_prompt)

/** The parts of a delta that clients know and that say something. */
function contentOf(
  { content, reasoning_content, refusal }: ChatDelta,
  pieces: NonNullable<ChatDelta['tool_calls']>,
): ChatDelta {
  return {
    ...(content ? { content } : {}),
    ...(reasoning_content ? { reasoning_content } : {}),
    ...(refusal ? { refusal } : {}),
    ...(pieces.length > 0 ? { tool_calls: pieces } : {}),
  }
}
