// How long a recording is, by what a decoder plays of it: neither its own word nor its tags change that.
import { describe, expect, test } from 'vitest'
import { audioSeconds } from '../../src/metering/audio.ts'
import { wavOf } from '../support/documents-on-sale.ts'
import { chunk, element, fragments, m4aOf, oggOf, riffOf, webmOf } from './recordings.ts'

/** Frames of MPEG 1, layer 3, 128 kbit/s at 44.1 kHz: 1152 samples each. */
function mp3Of(frames: number): Buffer {
  const frame = Buffer.alloc(417)
  frame.set([0xff, 0xfb, 0x90, 0xc4])
  return Buffer.concat(Array.from({ length: frames }, () => frame))
}

/** A frame that says that there are ten more. */
function xing(): Buffer {
  const frame = mp3Of(1)
  frame.write('Xing', 21, 'latin1')
  frame.writeUInt32BE(1, 25)
  frame.writeUInt32BE(10, 29)
  return frame
}

function crc8(bytes: Buffer): number {
  let crc = 0
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x80 ? ((crc << 1) ^ 7) & 0xff : crc << 1
  }
  return crc
}

/** Frames of 4096 samples at 16 kHz behind a header that tells so many seconds. */
function flacOf(frames: number, told: number): Buffer {
  const info = Buffer.alloc(34)
  info.writeBigUInt64BE((16_000n << 44n) | (15n << 36n) | BigInt(told * 16_000), 10)
  const sound = Array.from({ length: frames }, (_, number) => {
    const header = Buffer.from([0xff, 0xf8, 0xc5, 0x08, number])
    return Buffer.concat([header, Buffer.from([crc8(header)]), Buffer.alloc(60)])
  })
  return Buffer.concat([Buffer.from('fLaC'), Buffer.from([0x80, 0, 0, 34]), info, ...sound])
}

const tag = (bytes: number): Buffer => {
  const sizes = [21, 14, 7, 0].map((shift) => (bytes >> shift) & 0x7f)
  return Buffer.concat([
    Buffer.from('ID3\x04\0\0', 'latin1'),
    Buffer.from(sizes),
    Buffer.alloc(bytes),
  ])
}

/** Opus frames of 20 ms. */
const opus = (packets: number): Buffer[] =>
  Array.from({ length: packets }, () => Buffer.from([0x98, 1, 2, 3]))

describe('the begun seconds', () => {
  test.each([
    ['a whole second', wavOf(1), 1],
    ['a little more', wavOf(1.01), 2],
    ['a minute', wavOf(60), 60],
    ['an MP3', mp3Of(100), 3],
    ['an MP3 behind tags', Buffer.concat([tag(5_000), mp3Of(100)]), 3],
    ['a FLAC', flacOf(27, 6.9), 7],
    ['an Ogg', oggOf(opus(60), { told: 1.2 }), 2],
    ['a WebM', webmOf(opus(60)), 2],
    ['a WebM as browsers record it', webmOf(opus(60), { knowsSizes: false }), 2],
    ['an M4A', m4aOf({ frames: 100, told: 2.3 }), 3],
    ['an M4A in fragments', Buffer.concat([m4aOf({ frames: 0, told: 0 }), fragments(60, 40)]), 3],
  ])('of %s', (_, bytes, seconds) => {
    expect(audioSeconds(bytes)).toBe(seconds)
  })

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['text', Buffer.from('Hello, I am no recording at all.')],
    ['silence of no length', wavOf(0)],
    ['half a header', wavOf(1).subarray(0, 20)],
    ['a FLAC without a frame', flacOf(0, 7)],
    ['a tag alone', tag(5_000)],
    ['a WAV that is compressed', wavOf(1, { format: 0x11 })],
    ['an Ogg of another codec', oggOf(opus(60), { head: Buffer.from('Speex   1.2') })],
    ['a WebM of another codec', webmOf(opus(60), { codec: 'A_AC3' })],
    ['boxes in boxes without end', Buffer.concat([m4aOf({ frames: 1, told: 1 }), nested(20)])],
  ])('of %s cannot be told', (_, bytes) => {
    expect(audioSeconds(bytes)).toBeUndefined()
  })
})

function nested(depth: number): Buffer {
  return depth === 0 ? Buffer.alloc(0) : chunk('moov', nested(depth - 1), 'BE')
}

describe('whoever writes a shorter length into a file buys no more for less', () => {
  test.each([
    ['an MP3', Buffer.concat([xing(), mp3Of(2_000)]), 53],
    ['an MP3, at each frame', Buffer.concat(Array.from({ length: 200 }, xing)), 6],
    ['an MP3 whose first frames are others', Buffer.concat([slowFrames(3), mp3Of(2_000)]), 53],
    ['a FLAC', flacOf(100, 1), 26],
    ['an Ogg', oggOf(opus(500), { told: 1 }), 10],
    ['an Ogg in a page that is none', hiddenIn(oggOf(opus(500), { told: 1 })), 10],
    ['a WebM', webmOf(opus(500), { told: 1 }), 10],
    ['an M4A', m4aOf({ frames: 1_000, told: 1 }), 24],
    ['a WAV in pieces', riffOf(wavOf(1).subarray(12), chunk('data', Buffer.alloc(80_000))), 6],
    ['a WAV that names no size', wavOf(3, { dataBytes: 0 }), 3],
  ])('in %s', (_, bytes, seconds) => {
    expect(audioSeconds(bytes)).toBe(seconds)
  })
})

/** Of MPEG 2.5, 8 kbit/s at 8 kHz. */
function slowFrames(count: number): Buffer {
  const frame = Buffer.alloc(72)
  frame.set([0xff, 0xe3, 0x18, 0xc4])
  return Buffer.concat(Array.from({ length: count }, () => frame))
}

/** Behind the head of a page as long as pages can be, without a checksum. */
function hiddenIn(ogg: Buffer): Buffer {
  const page = ogg.indexOf('OggS', 1)
  const head = Buffer.alloc(27 + 255, 0xff)
  ogg.copy(head, 0, 0, 26)
  head.writeUInt8(255, 26)
  return Buffer.concat([ogg.subarray(0, page), head, ogg.subarray(page)])
}

test('a part that reaches out of its cluster, and could hide the next one, makes it unreadable', () => {
  const reaching = element([0xec], Buffer.alloc(0), 5_000)
  expect(audioSeconds(webmOf(opus(60), { inCluster: reaching }))).toBeUndefined()
})

describe('no file of four megabytes holds anybody up', () => {
  const size = 4 * 1024 * 1024
  const page = Buffer.concat([Buffer.from('OggS'), Buffer.alloc(22), Buffer.alloc(256, 0xff)])
  test.each([
    ['tags', Buffer.concat([tag(size - 5_000), mp3Of(10)])],
    [
      'what looks like frames',
      Buffer.concat([flacOf(2, 1), Buffer.alloc(size, 'fff8c508', 'hex')]),
    ],
    ['pages that overlap', Buffer.concat([oggOf(opus(1)), Buffer.alloc(size, page)])],
    [
      'empty boxes',
      Buffer.concat([m4aOf({ frames: 9, told: 1 }), Buffer.alloc(size, '\0\0\0\x08free')]),
    ],
    ['marks of frames', Buffer.alloc(size, 0xff)],
  ])('of %s', (_, bytes) => {
    const before = process.cpuUsage()
    audioSeconds(bytes)
    const { user } = process.cpuUsage(before)
    expect(user / 1000).toBeLessThan(1_000)
  })
})
