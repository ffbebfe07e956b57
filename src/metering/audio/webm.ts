/**
 * WebM with Opus or Vorbis, also as browsers record it: without a length, and with parts that do not know their
 * size. Parts of interest are stepped into, all others are passed over.
 */
import { type AudioLength, countingParts } from './length.ts'
import { makeVorbisClock, opusSeconds } from './packets.ts'

const ids = {
  segment: 0x18538067,
  cluster: 0x1f43b675,
  blockGroup: 0xa0,
  tracks: 0x1654ae6b,
  track: 0xae,
  number: 0xd7,
  codec: 0x86,
  private: 0x63a2,
  block: 0xa1,
  simpleBlock: 0xa3,
  encodings: 0x6d80,
} as const
const outer: readonly number[] = [ids.segment, ids.cluster, ids.blockGroup, ids.tracks, ids.track]

const codecs: readonly string[] = ['A_OPUS', 'A_VORBIS']

type Track = { number: number; codec: string; private: Buffer | undefined }
type Playing = { readonly secondsOf: (packet: Buffer) => number; counted: number }

export function webmLength(file: Buffer): AudioLength | undefined {
  const tracks: Track[] = []
  const playing = new Map<number, Playing>()
  const play = (number: number): Playing | undefined => {
    const known = playing.get(number) ?? playingOf(tracks, number)
    if (known) playing.set(number, known)
    return known
  }
  const countPart = countingParts()
  let clusterEnd = Infinity
  for (let at = 0; at < file.byteLength; ) {
    countPart()
    const id = numberAt(file, at, { keepsMark: true })
    const size = numberAt(file, at + id.bytes, { keepsMark: false })
    const begin = at + id.bytes + size.bytes
    if (id.value === ids.track) tracks.push({ number: 0, codec: '', private: undefined })
    if (at >= clusterEnd) clusterEnd = Infinity
    if (id.value === ids.cluster) clusterEnd = size.isUnknown ? Infinity : begin + size.value
    at = begin
    if (outer.includes(id.value)) continue
    at += size.value
    // What reaches out of its cluster would hide the next one.
    if (at > clusterEnd || id.value === ids.encodings) return undefined
    // What ends in the middle is played as far as it goes.
    const content = file.subarray(begin, at)
    const track = tracks.at(-1)
    if (track && id.value === ids.number) track.number = content.readUIntBE(0, content.byteLength)
    if (track && id.value === ids.codec) {
      track.codec = content.toString('latin1').replace(/\0+$/, '')
      if (track.codec.startsWith('A_') && !codecs.includes(track.codec)) return undefined
    }
    if (track && id.value === ids.private) track.private = content
    if (id.value === ids.block || id.value === ids.simpleBlock) {
      const number = numberAt(content, 0, { keepsMark: false })
      const of = play(number.value)
      if (of) of.counted += of.secondsOf(packetOf(content, number.bytes))
    }
  }
  const counted = Math.max(0, ...[...playing.values()].map((of) => of.counted))
  return counted > 0 ? { counted } : undefined
}

function playingOf(tracks: readonly Track[], number: number): Playing | undefined {
  const track = tracks.find((one) => one.number === number)
  if (track?.codec === 'A_OPUS') return { secondsOf: opusSeconds, counted: 0 }
  if (track?.codec !== 'A_VORBIS' || !track.private) return undefined
  const begin = track.private.indexOf('\x01vorbis', 0, 'latin1')
  const secondsOf = makeVorbisClock(track.private.subarray(begin))
  return { secondsOf, counted: 0 }
}

function packetOf(block: Buffer, numberBytes: number): Buffer {
  const isLaced = (block.readUInt8(numberBytes + 2) & 0x06) !== 0
  if (isLaced) throw new RangeError('sound is not laced')
  return block.subarray(numberBytes + 3)
}

/** How many bytes it has is told by the first one's leading zeros; the mark after them is part of ids alone. */
function numberAt(file: Buffer, at: number, { keepsMark }: { readonly keepsMark: boolean }) {
  const first = file.readUInt8(at)
  const bytes = Math.clz32(first) - 23
  if (bytes > 8) throw new RangeError('no number begins here')
  let value = keepsMark ? first : first & (0xff >> bytes)
  for (let index = 1; index < bytes; index += 1) value = value * 256 + file.readUInt8(at + index)
  return { value, bytes, isUnknown: value >= 2 ** (7 * bytes) - 1 }
}
