// The demo model's tokens, in SentencePiece form: three special ones, one per byte, one per
// printable ASCII character, then the words it can say.
//
// Prompts fall apart into single bytes. SentencePiece joins neighbours only by way of
// two-character tokens and there are none, so one byte of a prompt is one token in any language.

import { type WordClass, wordClasses, wordsOf } from './grammar.ts'

/** GGUF's codes for what a token is. */
export const tokenKinds = { normal: 1, unknown: 2, control: 3, byte: 6 } as const

export type VocabularyEntry = {
  readonly text: string
  readonly kind: number
  readonly wordClass: WordClass
}

export const specialIds = { unknown: 0, begin: 1, end: 2 } as const

/** SentencePiece writes a space as U+2581. */
const piece = (text: string): string => text.replaceAll(' ', '\u2581')

const unspoken = (text: string, kind: number): VocabularyEntry => ({
  text,
  kind,
  wordClass: 'start',
})

const hexadecimal = (byte: number): string => byte.toString(16).toUpperCase().padStart(2, '0')

/** A token's id is its place in this list. Entries of class `start` are never generated. */
export const vocabulary: readonly VocabularyEntry[] = [
  unspoken('<unk>', tokenKinds.unknown),
  unspoken('<s>', tokenKinds.control),
  unspoken('</s>', tokenKinds.control),
  ...Array.from({ length: 256 }, (_, byte) =>
    unspoken(`<0x${hexadecimal(byte)}>`, tokenKinds.byte),
  ),
  ...Array.from({ length: 95 }, (_, index) =>
    unspoken(piece(String.fromCharCode(0x20 + index)), tokenKinds.normal),
  ),
  ...wordClasses.flatMap((wordClass) =>
    wordsOf[wordClass].map((word) => ({
      text: piece(` ${word}`),
      kind: tokenKinds.normal,
      wordClass,
    })),
  ),
]
