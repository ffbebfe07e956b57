// The demo model's tokens, in SentencePiece form: three special ones, one per byte, one per
// printable ASCII character, the words it can say and the marks of its chat template, then the
// beginnings of both.
//
// SentencePiece joins neighbours only into texts that are tokens themselves, so a word can become
// one token only by way of all its beginnings: "▁h", "▁ho", "▁hol" … Whatever is longer than one
// character begins with "▁" or "[" and has neither further on. Hence every joined token comes about
// in exactly one way, no two joins ever compete, and any implementation of byte-pair merging makes
// the same tokens of a text: of a prompt, and of what the model itself has said.

import { type ChatRole, chatRoles, roleMark } from './chat-template.ts'
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

const words: readonly VocabularyEntry[] = wordClasses.flatMap((wordClass) =>
  wordsOf[wordClass].map((word) => ({
    text: piece(` ${word}`),
    kind: tokenKinds.normal,
    wordClass,
  })),
)

const marks: readonly VocabularyEntry[] = chatRoles.map((role: ChatRole) =>
  unspoken(roleMark(role), tokenKinds.normal),
)

/** What a text is joined by way of: from two characters up to one short of the whole. */
const beginningsOf = (text: string): readonly string[] =>
  Array.from({ length: Math.max(0, text.length - 2) }, (_, index) => text.slice(0, index + 2))

const whole = new Set([...words, ...marks].map(({ text }) => text))
const beginnings = [...new Set([...whole].flatMap(beginningsOf))].filter((text) => !whole.has(text))

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
  ...words,
  ...marks,
  ...beginnings.map((text) => unspoken(text, tokenKinds.normal)),
]

/** Every joined token with the two that it is made of: a shorter beginning, and one character. */
export const joins: readonly { readonly left: string; readonly right: string }[] = [
  ...beginnings,
  ...whole,
].map((text) => ({ left: text.slice(0, -1), right: text.slice(-1) }))
