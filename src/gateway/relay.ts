/**
 * From a host's dialect to OpenAI's chunks: one id, one model name, a role chunk first, finish
 * reasons kept back until the money is settled. Counts and hashes what passes, and keeps no text.
 */
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
import { makeTextHash } from './text-hash.ts'

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
  readonly take: (chunk: HostChunk) => readonly ChatChunk[]
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
  const hash = makeTextHash()
  const choices = Array.from({ length: identity.choices }, (_, index) => ({
    index,
    hasStarted: false,
    earlyLogprobs: makeEarlyLogprobs(),
    calls: makeToolCalls((call) => `call_${identity.requestId}_${index}_${call}`),
    /** The last word on its end that ends an answer. */
    endWord: '',
  }))
  let completionBytes = 0

  const chunkOfOne = (index: number, delta: ChatDelta, logprobs?: unknown) =>
    chunkOf(identity, [
      logprobs == null
        ? { index, delta, finish_reason: null }
        : { index, delta, finish_reason: null, logprobs },
    ])

  const take = (chunk: HostChunk): readonly ChatChunk[] => {
    hash.add(chunkText(chunk))
    const chunks: ChatChunk[] = []
    for (const said of chunk.choices) {
      const choice = choices[said.index]
      if (choice) chunks.push(...takeChoice(choice, said))
    }
    return chunks
  }

  function takeChoice(choice: (typeof choices)[number], said: HostChoice): readonly ChatChunk[] {
    const { index, calls, earlyLogprobs } = choice
    const word = said.finish_reason ?? ''
    const ends = word !== '' && finishReasonOf(word, false) !== undefined
    if (ends) choice.endWord = word
    const pieces = said.delta?.tool_calls ? calls.take(said.delta.tool_calls) : []
    if (ends) pieces.push(...calls.rest())
    const delta = contentOf(said.delta ?? {}, pieces)
    const logprobs = identity.showsLogprobs ? said.logprobs : undefined
    if (delta === undefined) {
      // The tokens of a character that is not whole yet have no text, but the customer asked for them.
      if (logprobs == null) return []
      if (choice.hasStarted) return [chunkOfOne(index, {}, logprobs)]
      earlyLogprobs.keep(logprobs)
      return []
    }
    completionBytes += Buffer.byteLength(textOf(delta), 'utf8')
    observe?.(index, delta)
    const content = chunkOfOne(index, delta, logprobs)
    if (choice.hasStarted) return [content]
    choice.hasStarted = true
    const early = earlyLogprobs.all().map((one) => chunkOfOne(index, {}, one))
    return [chunkOfOne(index, roleDelta), ...early, content]
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
      outputSha256: hash.sha256(),
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

/** The parts of a delta that clients know and that say something; undefined where none does. */
function contentOf(
  { content, reasoning_content, refusal }: ChatDelta,
  pieces: NonNullable<ChatDelta['tool_calls']>,
): ChatDelta | undefined {
  // Nearly every delta is a text and nothing else.
  if (!reasoning_content && !refusal && pieces.length === 0) {
    return content ? { content } : undefined
  }
  return {
    ...(content ? { content } : {}),
    ...(reasoning_content ? { reasoning_content } : {}),
    ...(refusal ? { refusal } : {}),
    ...(pieces.length > 0 ? { tool_calls: pieces } : {}),
  }
}
