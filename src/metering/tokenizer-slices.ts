/**
 * Texts cut for counting, so that they can be counted while they come and none takes long. Tokenizers of
 * today's models begin a token at the single space before a word and at the beginning of a line, so there
 * a cut changes nothing. Where there is no such place a cut may split one token into its letters.
 */

/** A thousand tokens of prose: the letters of one are below every tolerance. */
export const sliceChars = 4096
/** Of one message to whoever counts. */
const batchChars = 4 * sliceChars

/** Whole slices, and what is left for the next text to go on from; it is never longer than a slice. */
export function cutSlices(text: string): {
  readonly slices: readonly string[]
  readonly rest: string
} {
  const slices: string[] = []
  let from = 0
  while (text.length - from > sliceChars) {
    const to = cutFrom(text, from)
    slices.push(text.slice(from, to))
    from = to
  }
  return { slices, rest: text.slice(from) }
}

/** All of the texts, cut, and in batches of bounded size. */
export function batchesOf(texts: readonly string[]): readonly (readonly string[])[] {
  const batches: string[][] = []
  let room = 0
  for (const text of texts) {
    const { slices, rest } = cutSlices(text)
    for (const slice of [...slices, rest]) {
      if (slice === '') continue
      if (slice.length > room) {
        batches.push([])
        room = batchChars
      }
      batches.at(-1)?.push(slice)
      room -= slice.length
    }
  }
  return batches
}

export const charsIn = (texts: readonly string[]): number =>
  texts.reduce((sum, { length }) => sum + length, 0)

/** The last place in the second half of a slice where a word or a line begins; else its end. */
function cutFrom(text: string, from: number): number {
  const end = from + sliceChars
  // One short of the end, so that what comes next is never needed to tell.
  for (let at = end - 1; at > end - sliceChars / 2; at -= 1) if (isSafe(text, at)) return at
  return isHighSurrogate(text.charCodeAt(end - 1)) ? end - 1 : end
}

const isSafe = (text: string, at: number): boolean =>
  text[at] === ' '
    ? isDark(text[at - 1]) && isDark(text[at + 1])
    : text[at - 1] === '\n' && isDark(text[at])

const isDark = (character: string | undefined): boolean =>
  character !== undefined && /\S/.test(character)

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff
