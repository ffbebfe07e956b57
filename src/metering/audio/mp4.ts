/** MP4 with AAC or MP3, whole or in fragments: frames are those of the tables that a decoder goes by. */
import { type AudioLength, countingParts } from './length.ts'

const outer: readonly string[] = ['moov', 'trak', 'mdia', 'minf', 'stbl', 'moof', 'traf']

type Track = {
  id: number
  isSound: boolean
  frameSeconds: number | undefined
  told: number | undefined
  frames: number
}

export function mp4Length(file: Buffer): AudioLength | undefined {
  const tracks: Track[] = []
  let fragmentOf: Track | undefined
  const countPart = countingParts(boxesMax)
  for (const { kind, content } of boxesOf(file, 0)) {
    countPart()
    if (kind === 'trak') tracks.push(newTrack())
    if (kind === 'tfhd') fragmentOf = tracks.find(({ id }) => id === content.readUInt32BE(4))
    if (kind === 'trun' && fragmentOf) fragmentOf.frames += content.readUInt32BE(4)
    const track = tracks.at(-1)
    if (track) readBox(track, kind, content)
  }
  const sounding = tracks.filter(({ isSound, frames }) => isSound && frames > 0)
  if (sounding.some(({ frameSeconds }) => frameSeconds === undefined)) return undefined
  const lengths = sounding.map(({ frameSeconds = 0, frames, told }) => ({
    counted: frames * frameSeconds,
    told,
  }))
  // Of several, the longest: which of them is played is the host's to choose.
  return lengths.sort((one, other) => other.counted - one.counted)[0]
}

const newTrack = (): Track => ({
  id: 0,
  isSound: false,
  frameSeconds: undefined,
  told: undefined,
  frames: 0,
})

function readBox(track: Track, kind: string, content: Buffer): void {
  switch (kind) {
    case 'tkhd':
      track.id = content.readUInt32BE(content[0] === 1 ? 20 : 12)
      return
    case 'hdlr':
      // QuickTime has a second one, for its data.
      track.isSound ||= content.toString('latin1', 8, 12) === 'soun'
      return
    case 'mdhd': {
      const [scale, length] =
        content[0] === 1
          ? [content.readUInt32BE(20), Number(content.readBigUInt64BE(24))]
          : [content.readUInt32BE(12), content.readUInt32BE(16)]
      track.told = scale > 0 && length > 0 ? length / scale : undefined
      return
    }
    case 'stsd':
      track.frameSeconds = frameSecondsOf(content)
      return
    case 'stsz':
    case 'stz2':
      track.frames += content.readUInt32BE(8)
      return
    default:
  }
}

type Box = { readonly kind: string; readonly content: Buffer }

/** Fragments of a fifth of a second have less in an hour. */
const boxesMax = 100_000
/** As nested as they are in files that play. */
const depthMax = 8

/** Outer ones, then what is in them, which never reaches beyond them. */
function* boxesOf(parent: Buffer, depth: number): Generator<Box> {
  if (depth > depthMax) throw new RangeError('boxes in too many boxes')
  for (let at = 0; at + 8 <= parent.byteLength; ) {
    const small = parent.readUInt32BE(at)
    const kind = parent.toString('latin1', at + 4, at + 8)
    const isLarge = small === 1
    const size = isLarge ? Number(parent.readBigUInt64BE(at + 8)) : small
    const head = isLarge ? 16 : 8
    // Without a size it goes on to the end.
    const end = size === 0 ? parent.byteLength : at + Math.max(size, head)
    const content = parent.subarray(at + head, end)
    yield { kind, content }
    if (outer.includes(kind)) yield* boxesOf(content, depth + 1)
    at = end
  }
}

const rates = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000,
  7350,
]
const mp3Kinds = [0x69, 0x6b]
const aacKinds = [0x40, 0x66, 0x67, 0x68]

/** By the decoder's own description, which is the rate that it plays at. */
function frameSecondsOf(description: Buffer): number | undefined {
  const esds = description.indexOf('esds')
  const entries = description.readUInt32BE(4)
  if (esds < 0 || entries !== 1) return undefined
  let at = esds + 8
  for (;;) {
    const tag = description.readUInt8(at)
    at += 1
    let size = 0
    for (let isMore = true; isMore; at += 1) {
      const byte = description.readUInt8(at)
      size = size * 128 + (byte & 0x7f)
      isMore = byte >= 0x80
    }
    if (tag === 0x03) at += 3
    else if (tag === 0x04) {
      const kind = description.readUInt8(at)
      if (mp3Kinds.includes(kind)) {
        const rate = description.readUInt16BE(16 + 8 + 16)
        return rate > 0 ? (rate < 32_000 ? 576 : 1152) / rate : undefined
      }
      if (!aacKinds.includes(kind)) return undefined
      at += 13
    } else if (tag === 0x05) return aacFrameSeconds(description.subarray(at, at + size))
    else return undefined
  }
}

/** Main, LC, SSR, LTP, and both forms of HE: frames of 1024 samples. */
const usualKinds = [1, 2, 3, 4, 5, 29]

function aacFrameSeconds(configuration: Buffer): number | undefined {
  const bits = configuration.readUInt16BE(0)
  const code = (bits >> 7) & 15
  if (!usualKinds.includes(bits >> 11)) return undefined
  const rate =
    code === 15 ? ((bits & 0x7f) << 17) | (configuration.readUIntBE(2, 3) >> 7) : rates[code]
  return rate ? 1024 / rate : undefined
}
