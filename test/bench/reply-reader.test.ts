// The load generator takes a reply for an answer only when it is a whole one.
import { describe, expect, test } from 'vitest'
import { eventOf, lastChunk, makeAnswers, streamHead } from '../../bench/stage/answers.ts'
import { makeReplyReader, type ReplyEnd } from '../../bench/stage/reply-reader.ts'

const answer = makeAnswers()('words-3')
const end = [eventOf('[DONE]'), Buffer.from(lastChunk)]
const streamed = Buffer.concat([Buffer.from(streamHead()), ...answer.events, ...end])

/** Each piece a millisecond after the one before. */
function read(reply: Buffer, options: { isStream: boolean; pieceBytes: number }) {
  const reader = makeReplyReader(options)
  let last: ReplyEnd | undefined
  for (let from = 0, atMs = 0; from < reply.byteLength; from += options.pieceBytes, atMs += 1) {
    expect(last).toBeUndefined()
    last = reader.feed(reply.subarray(from, from + options.pieceBytes), atMs)
  }
  return last
}

describe('a reply', () => {
  test.each([1, 7, 64, 100_000])('is whole in pieces of %i bytes', (pieceBytes) => {
    const stream = read(streamed, { isStream: true, pieceBytes })
    const word = streamed.indexOf('"content":" wo0"') + '"content":" '.length - 1
    expect(stream).toEqual({
      firstAtMs: Math.floor(word / pieceBytes),
      bytes: streamed.byteLength,
    })
    const { document } = answer
    expect(read(document, { isStream: false, pieceBytes })?.bytes).toBe(document.byteLength)
  })

  test('with no word in it yet has not begun', () => {
    const role = eventOf({ choices: [{ delta: { role: 'assistant', content: '' } }] })
    const reader = makeReplyReader({ isStream: true })
    expect(reader.feed(Buffer.concat([Buffer.from(streamHead()), role]), 1)).toBeUndefined()
    const rest = Buffer.concat([...answer.events, ...end])
    expect(reader.feed(rest, 5)?.firstAtMs).toBe(5)
  })

  test('is followed by another on the same connection', () => {
    const reader = makeReplyReader({ isStream: true })
    expect(reader.feed(streamed, 1)?.bytes).toBe(streamed.byteLength)
    expect(reader.feed(streamed, 9)).toEqual({ firstAtMs: 9, bytes: streamed.byteLength })
  })

  test('that is refused, cut off or empty is none', () => {
    const feed = (text: string) => () =>
      makeReplyReader({ isStream: true }).feed(Buffer.from(text), 1)
    expect(feed('HTTP/1.1 429 Too Many\r\ncontent-length: 4\r\n\r\nslow')).toThrow(
      'a reply was refused: HTTP/1.1 429 Too Many slow',
    )
    const words = answer.events.join('')
    expect(feed(`${streamHead()}${words}${lastChunk}`)).toThrow('was not whole')
    expect(feed(`${streamHead()}${eventOf('[DONE]')}${lastChunk}`)).toThrow('had no content')
  })
})
