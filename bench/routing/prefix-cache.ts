/** What a runtime keeps of prompts that it has read, in tokens; what was used longest ago makes room. */

/** A piece of a prompt, under a name that tells everything before it as well. */
export type Piece = { readonly name: string; readonly tokens: number }

export type PrefixCache = {
  /** Tokens of the longest beginning that is kept. */
  readonly match: (prompt: readonly Piece[]) => number
  readonly keep: (prompt: readonly Piece[]) => void
}

export function makePrefixCache(tokensMax: number): PrefixCache {
  /** By when it was used last, oldest first. */
  const kept = new Map<string, number>()
  let total = 0

  return {
    match: (prompt) => {
      const missing = prompt.findIndex(({ name }) => !kept.has(name))
      return tokensOf(missing === -1 ? prompt : prompt.slice(0, missing))
    },
    keep: (prompt) => {
      // The end first: a beginning outlives what can be reached only through it.
      for (const { name, tokens } of prompt.toReversed()) {
        if (!kept.delete(name)) total += tokens
        kept.set(name, tokens)
      }
      for (const [name, tokens] of kept) {
        if (total <= tokensMax) break
        kept.delete(name)
        total -= tokens
      }
    },
  }
}

export const tokensOf = (prompt: readonly Piece[]): number =>
  prompt.reduce((sum, { tokens }) => sum + tokens, 0)
