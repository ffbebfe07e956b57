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
import { usageOf, type WireUsage } from '../protocol/host-usage.ts'
import type { TokenCounts } from '../protocol/usage.ts'
import { makeEarlyLogprobs } from './early-logprobs.ts'

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
  /** Images that were handed on, or begun seconds of audio; absent where tokens alone are sold. */
  readonly units?: number | undefined
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
export type Observe = (choice: number, delta: ChatDelta) => void

/** What every choice begins with. */
export const roleDelta: ChatDelta = { role: 'assistant', content: '' }

export function makeRelay(identity: RelayIdentity, observe?: Observe): Relay {
  const hash = createHash('sha256')
  const choices = Array.from({ length: identity.choices }, (_, index) => ({
    index,
    hasStarted: false,
    earlyLogprobs: makeEarlyLogprobs(),
    calls: makeToolCalls((call) => `call_${identity.requestId}_${index}_${call}`),
    /** The last word on its end that ends an answer. */
    endWord: '',
  }))
  let completionBytes = 0

  const chunkOfOne = (said: Omit<ChatChunk['choices'][number], 'finish_reason'>) =>
    chunkOf(identity, [{ ...said, finish_reason: null }])

  const take = (chunk: HostChunk): ChatChunk[] => {
    hash.update(chunkText(chunk), 'utf8')
    return chunk.choices.flatMap((said) => {
      const choice = choices[said.index]
      return choice ? takeChoice(choice, said) : []
    })
  }

  function takeChoice(choice: (typeof choices)[number], said: HostChoice): ChatChunk[] {
    const { index, calls, earlyLogprobs } = choice
    const word = said.finish_reason ?? ''
    const ends = finishReasonOf(word, false) !== undefined
    if (ends) choice.endWord = word
    const pieces = [...calls.take(said.delta?.tool_calls ?? []), ...(ends ? calls.rest() : [])]
    const delta = contentOf(said.delta ?? {}, pieces)
    const shown = identity.showsLogprobs && said.logprobs != null ? { logprobs: said.logprobs } : {}
    if (Object.keys(delta).length === 0) {
      // The tokens of a character that is not whole yet have no text, but the customer asked for them.
      if (!('logprobs' in shown)) return []
      if (choice.hasStarted) return [chunkOfOne({ index, delta, ...shown })]
      earlyLogprobs.keep(shown.logprobs)
      return []
    }
    completionBytes += Buffer.byteLength(textOf(delta), 'utf8')
    observe?.(index, delta)
    const content = chunkOfOne({ index, delta, ...shown })
    if (choice.hasStarted) return [content]
    choice.hasStarted = true
    const early = earlyLogprobs.all().map((logprobs) => ({ index, delta: {}, logprobs }))
    return [...[{ index, delta: roleDelta }, ...early].map(chunkOfOne), content]
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
    }),
  }
}

export function chunkOf(
  identity: RelayIdentity,
  choices: ChatChunk['choices'],
  extension: Readonly<Record<string, unknown>> = {},
): ChatChunk {
  return {
    id: `chatcmpl-${identity.requestId}`,
    object: 'chat.completion.chunk',
    created: identity.createdSec,
    model: identity.model,
    choices,
    ...extension,
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
