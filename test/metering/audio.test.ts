// How long a recording is, by its own bytes; and that a file of many parts holds nobody up.
import { describe, expect, test } from 'vitest'
import { sleep } from '../../src/adapters/system.ts'
import { audioSeconds } from '../../src/metering/audio.ts'
import { wavOf } from '../support/documents-on-sale.ts'

const secondsOf = (bytes: Uint8Array) => audioSeconds(bytes, { sleep })

/** Frames of MPEG 1, layer 3, 128 kbit/s at 44.1 kHz: 1152 samples each. */
function mp3Of(frames: number): Buffer {
  const frame = Buffer.alloc(417)
  frame.set([0xff, 0xfb, 0x90, 0xc4])
  return Buffer.concat(Array.from({ length: frames }, () => frame))
}

/** A FLAC whose header says so, at 16 kHz. */
function flacOf(seconds: number): Buffer {
  const info = Buffer.alloc(34)
  info.writeUInt16BE(4096, 0)
  info.writeUInt16BE(4096, 2)
  const rateChannelsDepth = (16_000n << 44n) | (0n << 41n) | (15n << 36n)
  info.writeBigUInt64BE(rateChannelsDepth | BigInt(seconds * 16_000), 10)
  return Buffer.concat([Buffer.from('fLaC'), Buffer.from([0x80, 0, 0, 34]), info, Buffer.alloc(64)])
}

describe('the begun seconds', () => {
  test.each([
    ['a whole second', wavOf(1), 1],
    ['a little more', wavOf(1.01), 2],
    ['a minute', wavOf(60), 60],
    ['an MP3', mp3Of(100), 3],
    ['a FLAC', flacOf(7), 7],
  ])('of %s', async (_, bytes, seconds) => {
    expect(await secondsOf(bytes)).toBe(seconds)
  })

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['text', Buffer.from('Hello, I am no recording at all.')],
    ['silence of no length', wavOf(0)],
    ['half a header', wavOf(1).subarray(0, 20)],
    ['a FLAC that tells nothing', flacOf(0)],
  ])('of %s cannot be told', async (_, bytes) => {
    expect(await secondsOf(bytes)).toBeUndefined()
  })
})

test('a file of endless empty parts is given up, and others have their turn meanwhile', async () => {
  const part = Buffer.from('\0\0\0\x08free', 'latin1')
  const head = Buffer.from('\0\0\0\x10ftypM4A \0\0\0\0', 'latin1')
  const file = Buffer.concat([head, ...Array.from({ length: 6_000 }, () => part)])
  let turns = 0
  const inTurn = async () => {
    turns += 1
    await sleep(0)
  }
  expect(await audioSeconds(file, { sleep: inTurn, readsMax: 5_000 })).toBeUndefined()
  expect(turns).toBe(5)
})
