// How the demo model chooses among the tokens that a grammar leaves it. Its weights hold all tokens
// but words to be equally unlikely, so that by itself it would spell "house" in any of six ways and
// write on in a string until it is full.

import type { LlamaModel, TokenBias } from 'node-llama-cpp'
import { tokenKinds, type VocabularyEntry, vocabulary } from './vocabulary.ts'

const textLengthMax = Math.max(...vocabulary.map(({ text }) => text.length))
/** Far more than any two logits of the model differ by. */
const stepLogit = 30

/**
 * The longest token that fits is taken, as tokenizers write a text, so that it counts for what was
 * generated; a byte only where there is no character. Words go before all, and the quote that ends a
 * string before what is not a word.
 */
const logitOf = ({ text, kind, wordClass }: VocabularyEntry): number => {
  if (wordClass !== 'start' || text === '"') return 0
  return (
    -stepLogit * (kind === tokenKinds.byte ? 2 * textLengthMax : textLengthMax + 1 - text.length)
  )
}

/** A grammar takes their names for text, which they are not. */
const isSpecial = ({ kind }: VocabularyEntry): boolean =>
  kind === tokenKinds.unknown || kind === tokenKinds.control

/** Only for the demo model, whose tokens are those of the vocabulary. */
export const grammarBias = async (model: LlamaModel): Promise<TokenBias> => {
  const { TokenBias } = await import('node-llama-cpp')
  const bias = TokenBias.for(model)
  for (const token of model.iterateAllTokens()) {
    const entry = vocabulary[token]
    if (entry) bias.set(token, isSpecial(entry) ? 'never' : { logit: logitOf(entry) })
  }
  return bias
}
