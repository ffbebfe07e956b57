// Reads the model's own probabilities beside a generation. The sampler that generates shows them
// only after temperature and top-p, and a second sampler would change the reply; so a context of
// its own follows the generation token by token. Whoever does not ask pays nothing, and asking
// never changes a reply.

import type { LlamaContextSequence, Token } from 'node-llama-cpp'
import type { Reading, TokenLogprob } from './engine.ts'

export type Reader = {
  /** The reading at the next place, where `chosen` was generated. */
  read(chosen: Token): Promise<Reading>
  end(): Promise<void>
}

/** What OpenAI's API has for a token too unlikely for a number. */
const leastLogprob = -9999

/** `top` is how many of the likeliest tokens each reading names. */
export const startReader = async (
  sequence: LlamaContextSequence,
  prompt: Token[],
  top: number,
): Promise<Reader> => {
  await sequence.clearHistory()
  const { model } = sequence
  const steps = sequence.evaluateWithMetadata(
    prompt,
    { probabilities: true },
    // Greedy: the probabilities of all tokens, as the model gave them.
    { temperature: 0, yieldEogToken: true },
  )
  let previous: Token | undefined

  const entry = (token: Token, probability: number | undefined): TokenLogprob => {
    const text = model.detokenize([token], true)
    return {
      token: text,
      bytes: [...Buffer.from(text, 'utf8')],
      logprob: probability ? Math.log(probability) : leastLogprob,
    }
  }

  return {
    async read(chosen) {
      // What the reader would have chosen is replaced by what was generated.
      const step = previous === undefined ? await steps.next() : await steps.next(previous)
      if (step.done) throw new Error('The reader ended before the generation.')
      previous = chosen
      const { probabilities } = step.value
      return {
        ...entry(chosen, probabilities.get(chosen)),
        top: [...probabilities].slice(0, top).map(([token, p]) => entry(token, p)),
      }
    },
    async end() {
      await steps.return()
    },
  }
}
