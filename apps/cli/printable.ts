/** Receipts and replies come from strangers: their text must not drive the reader's terminal. */
export const printable = (text: string): string => text.replace(/\p{C}/gu, '\u{fffd}')
