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
import type { CountTexts, Tokenizers } from './tokenizer-cache.ts'
import type { PromptTexts } from './tokenizer-prompt.ts'
import { charsIn } from './tokenizer-slices.ts'
import { makeTally, type Tally } from './tokenizer-tally.ts'

/** Of prompt and answer together: a second or two of counting, some 60,000 tokens. */
export const countedCharsMax = 256 * 1024
/** A tokenizer that is not loaded by the end of an answer is not waited for. */
const readyWithinMs = 50

/**
 * How long the end of an answer waits for what is not counted yet: for a slice or two and for others who
 * count as well, and twice what the rest takes. Were it the same for all, a host could leave no time for
 * the count by answering in one piece.
 */
export const countedWithinMs = (uncountedChars: number): number =>
  Math.min(500 + 5 * Math.ceil(uncountedChars / 1024), countedWithinMsMax)
export const countedWithinMsMax = 2_000

/** A prompt that is being counted, for however many hosts are asked. */
export type PromptCount = {
  readonly opened: Promise<CountTexts | undefined>
  readonly tally: Tally
  readonly chars: number
  readonly marked: number
  readonly isRaw: boolean
}

export type TokenCount = {
  /** Takes what of a choice is handed on. */
  readonly observe: (choice: number, delta: ChatDelta) => void
  /** Asked once, at the end; undefined where bytes must do. Never rejects. */
  readonly finish: () => Promise<TokenCounts | undefined>
  /** Of an answer that nobody gets: forgets it, and leaves the prompt's count to the next. */
  readonly giveUp: () => void
}

/** Loads the tokenizer if need be, and counts. */
export function startPromptCount(
  tokenizers: Tokenizers,
  digest: string,
  { texts, marked, isRaw = false }: PromptTexts,
): PromptCount {
  const opened = tokenizers.open(digest)
  const tally = makeTally(opened)
  const chars = charsIn(texts)
  if (chars > countedCharsMax) tally.giveUp()
  else tally.add(texts)
  return { opened, tally, chars, marked, isRaw }
}

/** A count of what one host makes of the prompt. */
export function startTokenCount(
  { sleep }: { readonly sleep: Sleep },
  pin: TokenizerPin,
  prompt: PromptCount,
): TokenCount {
  const texts = makeAnswerTexts()
  const answer = makeTally(prompt.opened)
  let chars = prompt.chars

  function giveUp(): void {
    answer.giveUp()
    texts.forget()
  }

  return {
    observe: (choice, delta) => {
      chars += charsOf(delta)
      if (chars > countedCharsMax) giveUp()
      else answer.add(texts.take(choice, delta))
    },
    finish: async () => {
      answer.add(texts.rest())
      const over = new AbortController()
      const within = <T>(promise: Promise<T>, durationMs: number) =>
        Promise.race([promise, sleep(durationMs, over.signal).then(() => undefined)])
      try {
        if (chars > countedCharsMax || !(await within(prompt.opened, readyWithinMs))) {
          return undefined
        }
        const uncounted = prompt.tally.uncountedChars() + answer.uncountedChars()
        const totals = Promise.all([prompt.tally.total(), answer.total()])
        const [ofPrompt, ofAnswer] = (await within(totals, countedWithinMs(uncounted))) ?? []
        if (ofPrompt === undefined || ofAnswer === undefined) return undefined
        const perMark = pin.template_tokens_per_message
        return {
          prompt: ofPrompt + prompt.marked * perMark + (prompt.isRaw ? 0 : pin.template_tokens),
          // Which part of a prompt a cache served cannot be seen in its text.
          cached_prompt: 0,
          completion: ofAnswer + texts.marked() * perMark,
        }
      } finally {
        giveUp()
        prompt.tally.giveUp()
        over.abort()
      }
    },
    giveUp,
  }
}
