// Turns tokens into text as they come. A character may be spread over several byte tokens; its
// text is held back until it is whole, so that what is sent is always valid UTF-8.

/** Decodes `tokens` knowing the ones just `before`; U+FFFD stands for an incomplete character. */
export type Decode<Token> = (tokens: readonly Token[], before: readonly Token[]) => string

/** A UTF-8 character is at most four bytes: after four tokens a broken one is not incomplete. */
const heldMax = 4

export const makeDetokenizer = <Token>(decode: Decode<Token>) => {
  let before: readonly Token[] = []
  let held: readonly Token[] = []

  const release = (text: string): string => {
    before = held
    held = []
    return text
  }

  return {
    /** The text that became whole with this token; often a word, sometimes ''. */
    push(token: Token): string {
      held = [...held, token]
      const text = decode(held, before)
      const incomplete = text.endsWith('\uFFFD') && held.length < heldMax
      return incomplete ? '' : release(text)
    },
    /** What is still held, as it is. */
    flush: (): string => (held.length === 0 ? '' : release(decode(held, before))),
  }
}
