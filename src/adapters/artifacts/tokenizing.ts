/** What is used of a tokenizer, and that nothing of a text stays behind in it. */

/** Of the package's own class, whose declarations do not resolve by Node's rules. */
export type Tokenizing = {
  readonly tokenize: (text: string) => readonly string[]
  /** Those of byte pairs remember words that they have split. */
  readonly model: { readonly clear_cache?: () => void } | null
}

/** Tokens of all the texts, each on its own. Throws where the tokenizer does. */
export function tokensOf(tokenizer: Tokenizing, texts: readonly string[]): number {
  try {
    return texts.reduce((tokens, text) => tokens + tokenizer.tokenize(text).length, 0)
  } finally {
    // Of a customer's text nothing is kept for the next.
    tokenizer.model?.clear_cache?.()
  }
}
