/**
 * The tokens of one request, counted with a pinned tokenizer while its answer comes. Whatever is missing
 * at the end, be it the tokenizer, time, or a text of bearable length, means no count at all and never
 * half of one.
 */
import type { TokenizerPin } from '../protocol/catalogue.ts'
import type { ChatDelta } from '../protocol/chat-chunk.ts'
import type { Sleep } from '../protocol/clock.ts'
import type { TokenCounts } from '../protocol/usage.ts'
import { charsOf, makeAnswerTexts } from './tokenizer-answer.ts'
import type { Tokenizers } from './tokenizer-cache.ts'
import { promptTexts } from './tokenizer-prompt.ts'
import { batchesOf } from './tokenizer-slices.ts'

/** Of prompt and answer together: a second or two of counting, some 60,000 tokens. */
export const countedCharsMax = 256 * 1024
/** A tokenizer that is not loaded by the end of an answer is not waited for. */
const readyWithinMs = 50
/** What is left to count at the end is a slice or two, unless others count as well. */
export const countedWithinMs = 500

export type TokenCountDeps = { readonly tokenizers: Tokenizers; readonly sleep: Sleep }

export type TokenCount = {
  /** Takes what of a choice is handed on. */
  readonly observe: (choice: number, delta: ChatDelta) => void
  /** Asked once, at the end; undefined where bytes must do. Never rejects. */
  readonly finish: () => Promise<TokenCounts | undefined>
}

export function startTokenCount(
  { tokenizers, sleep }: TokenCountDeps,
  pin: TokenizerPin,
  request: Parameters<typeof promptTexts>[0],
): TokenCount {
  const opened = tokenizers.open(pin.digest)
  const prompt = promptTexts(request)
  const answer = makeAnswerTexts()
  const inPrompt: Counting[] = []
  const inAnswer: Counting[] = []
  let chars = 0
  let isGivenUp = false

  function isBearable(more: number): boolean {
    chars += more
    isGivenUp ||= chars > countedCharsMax
    return !isGivenUp
  }

  /** Waits for the tokenizer with every batch: what cannot be counted yet is kept in the promise. */
  function count(into: Counting[], texts: readonly string[]): void {
    if (isGivenUp) return
    for (const batch of batchesOf(texts)) {
      into.push(opened.then((tokensOf) => (isGivenUp ? undefined : tokensOf?.(batch))))
    }
  }

  if (isBearable(prompt.texts.reduce((sum, { length }) => sum + length, 0))) {
    count(inPrompt, prompt.texts)
  }

  return {
    observe: (choice, delta) => {
      if (isBearable(charsOf(delta))) count(inAnswer, answer.take(choice, delta))
      else answer.forget()
    },
    finish: async () => {
      count(inAnswer, answer.rest())
      const over = new AbortController()
      const within = <T>(promise: Promise<T>, durationMs: number) =>
        Promise.race([promise, sleep(durationMs, over.signal).then(() => undefined)])
      try {
        if (isGivenUp || !(await within(opened, readyWithinMs))) return undefined
        const sums = await within(Promise.all([sumOf(inPrompt), sumOf(inAnswer)]), countedWithinMs)
        const [ofPrompt, ofAnswer] = sums ?? []
        if (ofPrompt === undefined || ofAnswer === undefined) return undefined
        const perMark = pin.template_tokens_per_message
        return {
          prompt: ofPrompt + prompt.marked * perMark + pin.template_tokens,
          // Which part of a prompt a cache served cannot be seen in its text.
          cached_prompt: 0,
          completion: ofAnswer + answer.marked() * perMark,
        }
      } finally {
        isGivenUp = true
        over.abort()
      }
    },
  }
}

type Counting = Promise<number | undefined>

/** Undefined where one of them is missing. */
async function sumOf(counting: readonly Counting[]): Promise<number | undefined> {
  let sum = 0
  for (const one of await Promise.all(counting)) {
    if (one === undefined) return undefined
    sum += one
  }
  return sum
}
