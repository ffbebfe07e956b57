/** Receipts and replies come from strangers: their text must not drive the reader's terminal. */
export const printable = (text: string): string => text.replace(/\p{C}/gu, '\u{fffd}')

/**
 * The same for text in lines, such as an answer: line ends and tabs stay, and so do the joiners that
 * scripts and emoji need; what reorders a line does not.
 */
export const printableLines = (text: string): string =>
  text.replace(/(?![\n\r\t])\p{Cc}|[\u202a-\u202e\u2066-\u2069]/gu, '\u{fffd}')
