/**
 * Texts on their way to a tokenizer. They wait here, and not with whoever counts, so that giving up leaves
 * nothing of them anywhere: little is handed over at a time, and nothing before the tokenizer is there.
 */
import type { CountTexts } from './tokenizer-cache.ts'
import { batchesOf, charsIn } from './tokenizer-slices.ts'

/** One is counted while the next is on its way. */
export const handedOverMax = 2

export type Tally = {
  readonly add: (texts: readonly string[]) => void
  readonly uncountedChars: () => number
  /** Tokens of all that was added; undefined where some could not be counted. Never rejects. */
  readonly total: () => Promise<number | undefined>
  /** Forgets what waits; there is no total any more. */
  readonly giveUp: () => void
}

export function makeTally(opened: Promise<CountTexts | undefined>): Tally {
  let waiting: (readonly string[])[] = []
  let asking: ((total: number | undefined) => void)[] = []
  let count: CountTexts | undefined
  let handedOver = 0
  let uncountedChars = 0
  let tokens = 0
  let isGivenUp = false

  function handOver(): void {
    while (count && handedOver < handedOverMax) {
      const batch = waiting.shift()
      if (!batch) break
      handedOver += 1
      void count(batch).then((counted) => took(batch, counted))
    }
    if (isGivenUp || (waiting.length === 0 && handedOver === 0)) answer()
  }

  function took(batch: readonly string[], counted: number | undefined): void {
    handedOver -= 1
    uncountedChars -= charsIn(batch)
    if (counted === undefined) giveUp()
    else tokens += counted
    handOver()
  }

  function answer(): void {
    const total = isGivenUp ? undefined : tokens
    for (const resolve of asking) resolve(total)
    asking = []
  }

  function giveUp(): void {
    isGivenUp = true
    waiting = []
    answer()
  }

  void opened.then((found) => {
    count = found
    if (found) handOver()
    else giveUp()
  })

  return {
    add: (texts) => {
      if (isGivenUp) return
      const batches = batchesOf(texts)
      for (const batch of batches) uncountedChars += charsIn(batch)
      waiting.push(...batches)
      handOver()
    },
    uncountedChars: () => uncountedChars,
    total: () =>
      new Promise((resolve) => {
        asking.push(resolve)
        handOver()
      }),
    giveUp,
  }
}
