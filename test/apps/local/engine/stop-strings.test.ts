// Text is cut at the first stop string wherever the pieces it arrives in happen to end.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeStopFilter } from '../../../../apps/local/engine/stop-strings.ts'

const feed = (pieces: readonly string[], stops: readonly string[]) => {
  const filter = makeStopFilter(stops)
  let text = ''
  for (const piece of pieces) {
    const cut = filter.push(piece)
    text += cut.text
    if (cut.stopped) return { text, stopped: true }
  }
  return { text: text + filter.flush(), stopped: false }
}

/** The same on the whole text at once. */
const cutWhole = (text: string, stops: readonly string[]) => {
  const places = stops.map((stop) => text.indexOf(stop)).filter((place) => place >= 0)
  return places.length === 0
    ? { text, stopped: false }
    : { text: text.slice(0, Math.min(...places)), stopped: true }
}

describe('a stop filter', () => {
  it('passes text on at once when there is nothing to stop at', () => {
    expect(makeStopFilter([]).push('river')).toEqual({ text: 'river', stopped: false })
  })

  it('holds back only what could begin a stop string', () => {
    const filter = makeStopFilter(['END'])
    expect(filter.push('the E')).toEqual({ text: 'the ', stopped: false })
    expect(filter.push('N')).toEqual({ text: '', stopped: false })
    expect(filter.push('V')).toEqual({ text: 'ENV', stopped: false })
  })

  it('cuts at the earliest of several', () => {
    expect(feed(['one two three'], ['three', 'two'])).toEqual({ text: 'one ', stopped: true })
  })

  it('cuts where the whole text would be cut, at the end of the piece that completes it', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 6 })
    // Of stop strings that overlap, the one that is complete first wins, so only those that
    // cannot overlap are compared with the whole text.
    const stop = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(fc.array(letters, { maxLength: 8 }), stop, (pieces, only) => {
        expect(feed(pieces, [only])).toEqual(cutWhole(pieces.join(''), [only]))
      }),
    )
  })
})
