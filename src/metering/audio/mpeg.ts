/**
 * MPEG audio (MP3 and its older layers), counted frame by frame as a decoder does. A Xing frame says how many
 * there are, and is not believed: it is the file's word.
 */
import { type AudioLength, countingParts } from './length.ts'

/** In kbit/s: MPEG 1 by layer, then MPEG 2 and 2.5, of which layers 2 and 3 share a row. */
const rates1 = [
  [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
  [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
  [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
] as const
const rates2 = [
  [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
  [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
  [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
] as const
const samplesPerSecond = [44_100, 48_000, 32_000] as const

type Frame = {
  readonly bytes: number
  readonly seconds: number
  /** Version, layer and rate: decoders stay with them until another kind comes twice. */
  readonly kind: number
}

export function mpegLength(file: Buffer): AudioLength | undefined {
  let counted = 0
  let kind: number | undefined
  let at = 0
  const countPart = countingParts()
  while (at + 4 <= file.byteLength) {
    countPart()
    const frame = frameAt(file, at)
    // One by chance is not followed by its like.
    if (frame && (frame.kind === kind || isFollowed(file, at, frame))) {
      const isTable = kind === undefined && isTableAt(file, at, frame)
      if (!isTable) counted += frame.seconds
      kind = frame.kind
      at += frame.bytes
    } else {
      const next = file.indexOf(0xff, at + 1)
      if (next < 0) break
      at = next
    }
  }
  return counted > 0 ? { counted } : undefined
}

const isFollowed = (file: Buffer, at: number, { bytes, kind }: Frame): boolean =>
  at + bytes >= file.byteLength || frameAt(file, at + bytes)?.kind === kind

function frameAt(file: Buffer, at: number): Frame | undefined {
  if (at + 4 > file.byteLength) return undefined
  const [sync, second, third] = [file.readUInt8(at), file.readUInt8(at + 1), file.readUInt8(at + 2)]
  if (sync !== 0xff || second < 0xe0) return undefined
  const version = (second >> 3) & 3
  const layer = 4 - ((second >> 1) & 3)
  if (version === 1 || layer === 4) return undefined
  const isFirst = version === 3
  const kbits = (isFirst ? rates1 : rates2)[layer - 1]?.[third >> 4]
  const fullRate = samplesPerSecond[(third >> 2) & 3]
  if (!kbits || !fullRate) return undefined
  const rate = fullRate / (isFirst ? 1 : version === 2 ? 2 : 4)
  const padding = (third >> 1) & 1
  const samples = layer === 1 ? 384 : layer === 3 && !isFirst ? 576 : 1152
  const bits = kbits * 1000
  const bytes =
    layer === 1
      ? (Math.floor((12 * bits) / rate) + padding) * 4
      : Math.floor(((samples / 8) * bits) / rate) + padding
  return { bytes, seconds: samples / rate, kind: second * 4 + ((third >> 2) & 3) }
}

/** The first frame may be a table of contents, which has no sound. */
function isTableAt(file: Buffer, at: number, { bytes }: Frame): boolean {
  const head = file.toString('latin1', at + 4, Math.min(at + bytes, at + 44))
  return /^\0{2,}(?:Xing|Info)|^\0{32}VBRI/.test(head)
}
