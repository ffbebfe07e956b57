import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { batchesOf, cutSlices, sliceChars } from '../../src/metering/tokenizer-slices.ts'
import { longestToken, smallCount } from '../support/small-tokenizer.ts'

const word = fc.oneof(
  fc.constantFrom('the', 'story', 'bridge', 'Straße', '東京', 'item.value', '1234', '(x)', '🙂'),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }),
)
const between = fc.constantFrom(' ', ' ', ' ', '\n', '  ', ', ', '.\n\n')
/** Up to five slices of prose in which some word begins everywhere. */
const prose = fc
  .array(fc.tuple(word, between), { minLength: 1, maxLength: 60 })
  .chain((pairs) =>
    fc.integer({ min: 1, max: 80 }).map((times) => pairs.flat().join('').repeat(times)),
  )
  .map((text) => text.slice(0, 5 * sliceChars))
/** Nothing in it says where a word begins. */
const unbroken = fc
  .tuple(
    fc.constantFrom('a', 'the', '東京', '🙂', '0', ' ', '\n'),
    fc.integer({ min: 1, max: 20_000 }),
  )
  .map(([text, times]) => text.repeat(times).slice(0, 5 * sliceChars))

const piecesOf = (text: string) => {
  const { slices, rest } = cutSlices(text)
  return [...slices, rest]
}
const apart = (text: string) => piecesOf(text).reduce((sum, piece) => sum + smallCount(piece), 0)

describe('a text that is cut', () => {
  test('is whole, in slices of bounded size, none of which splits a character', () => {
    fc.assert(
      fc.property(fc.oneof(prose, unbroken), (text) => {
        const pieces = piecesOf(text)
        expect(pieces.join('')).toBe(text)
        for (const piece of pieces) {
          expect(piece.length).toBeLessThanOrEqual(sliceChars)
          expect(piece.isWellFormed()).toBe(true)
        }
        for (const slice of pieces.slice(0, -1)) {
          expect(slice.length).toBeGreaterThanOrEqual(sliceChars / 2)
        }
      }),
    )
  })

  test('counts as the whole does where its slices end between words', () => {
    const words = fc.array(fc.constantFrom('the', 'river,', 'Brücken', '東京', '(x1)', '42.'), {
      minLength: 2_000,
      maxLength: 4_000,
    })
    fc.assert(
      fc.property(words, fc.constantFrom(' ', '\n', '\n\n'), (all, separator) => {
        const whole = all.join(separator)
        expect(cutSlices(whole).slices.length).toBeGreaterThan(0)
        expect(apart(whole)).toBe(smallCount(whole))
      }),
      { numRuns: 20 },
    )
  })

  test('strays by fewer tokens a cut than the longest token has letters, whatever the text', () => {
    fc.assert(
      fc.property(fc.oneof(prose, unbroken), (text) => {
        const cuts = cutSlices(text).slices.length
        expect(Math.abs(apart(text) - smallCount(text))).toBeLessThanOrEqual(longestToken * cuts)
      }),
      { numRuns: 60 },
    )
  })

  test('is cut alike however it came', () => {
    fc.assert(
      fc.property(fc.oneof(prose, unbroken), fc.integer({ min: 1, max: 5_000 }), (text, step) => {
        const slices: string[] = []
        let rest = ''
        for (let at = 0; at < text.length; at += step) {
          const cut = cutSlices(rest + text.slice(at, at + step))
          slices.push(...cut.slices)
          rest = cut.rest
        }
        expect([...slices, rest]).toEqual(piecesOf(text))
      }),
      { numRuns: 50 },
    )
  })
})

test('a batch holds what comes to a few slices, and everything is in one', () => {
  const texts = fc.array(
    fc.integer({ min: 0, max: 3 * sliceChars }).map((size) => 'a'.repeat(size)),
  )
  fc.assert(
    fc.property(texts, (all) => {
      const batches = batchesOf(all)
      expect(batches.flat().join('')).toBe(all.join(''))
      for (const batch of batches) {
        expect(batch.join('').length).toBeLessThanOrEqual(4 * sliceChars)
        expect(batch.every((text) => text !== '')).toBe(true)
      }
    }),
  )
})
