/** Prompts that no cache has seen: the nonce stands first, where prefix caches compare. */

const words =
  'river stone lantern harbour winter engine garden letter mountain copper window market'.split(' ')

/** About 200 tokens. */
const wordCount = 150

export function benchPrompt(nonce: string): string {
  const filling = Array.from({ length: wordCount }, (_, at) => words[(at * 7) % words.length])
  return `${nonce} Tell a long story in which these words occur: ${filling.join(' ')}.`
}
