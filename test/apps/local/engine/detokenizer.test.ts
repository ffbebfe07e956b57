// Text leaves token by token, never with half a character, and adds up to the whole.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeDetokenizer } from '../../../../apps/local/engine/detokenizer.ts'

/** The worst vocabulary there is: every token is one byte. */
const decodeBytes = (bytes: readonly number[]): string =>
  new TextDecoder().decode(Uint8Array.from(bytes))

const detokenize = (bytes: readonly number[]) => {
  const detokenizer = makeDetokenizer<number>(decodeBytes)
  return [...bytes.map((byte) => detokenizer.push(byte)), detokenizer.flush()]
}

describe('a detokenizer', () => {
  it('holds a character back until its last byte has come', () => {
    expect(detokenize([...Buffer.from('é🙂!')])).toEqual(['', 'é', '', '', '', '🙂', '!', ''])
  })

  it('gives the text that the tokens have together', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 30 }), (text) => {
        const whole = text.toWellFormed().replaceAll('\uFEFF', '')
        expect(detokenize([...Buffer.from(whole)]).join('')).toBe(whole)
      }),
    )
  })

  it('does not wait for bytes that can no longer become a character', () => {
    const pieces = detokenize([0xff, 0xff, 0xff, 0xff, 0x41])
    expect(pieces.join('')).toBe('\uFFFD\uFFFD\uFFFD\uFFFDA')
    expect(pieces.at(-2)).toBe('A')
  })

  it('gives up what it holds when the text ends inside a character', () => {
    expect(detokenize([0x41, 0xf0, 0x9f])).toEqual(['A', '', '', '\uFFFD'])
  })

  it('shows the decoder the tokens that came just before', () => {
    const seen: (readonly number[])[] = []
    const detokenizer = makeDetokenizer<number>((tokens, before) => {
      seen.push(before)
      return decodeBytes(tokens)
    })
    for (const byte of Buffer.from('aé!')) detokenizer.push(byte)
    expect(seen).toEqual([[], [0x61], [0x61], [0xc3, 0xa9]])
  })
})
