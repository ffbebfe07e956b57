/** FLAC: frames are found by their headers, each of which has a checksum of its own. */
import { type AudioLength, countingParts } from './length.ts'

/** By the code in the header; the others stand at its end, or in the head of the file. */
const blockSizes = [0, 192, 576, 1152, 2304, 4608] as const
const rates = [
  0, 88_200, 176_400, 192_000, 8000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000,
]

type Frame = { readonly samples: number; readonly rate: number; readonly kind: number }

export function flacLength(file: Buffer): AudioLength | undefined {
  const head = file.subarray(8, 8 + 34)
  const headRate = head.readUIntBE(10, 3) >> 4
  const headSamples = (head.readUInt8(13) & 0xf) * 2 ** 32 + head.readUInt32BE(14)
  const countPart = countingParts()
  const found = new Map<number, { frames: number; seconds: number }>()
  for (let at = afterBlocks(file); at >= 0; at = file.indexOf(0xff, at + 1)) {
    countPart()
    const frame = frameAt(file, at, headRate)
    if (!frame) continue
    const alike = found.get(frame.kind) ?? { frames: 0, seconds: 0 }
    found.set(frame.kind, alike)
    alike.frames += 1
    alike.seconds += frame.samples / frame.rate
  }
  // Rate and channels stay what they are: one of its own kind was met by chance inside of another.
  const counted = [...found.values()].reduce(
    (sum, { frames, seconds }) => (frames > 1 || found.size === 1 ? sum + seconds : sum),
    0,
  )
  if (counted === 0) return undefined
  return { counted, told: headSamples > 0 && headRate > 0 ? headSamples / headRate : undefined }
}

/** Tags and pictures are passed over unread. */
function afterBlocks(file: Buffer): number {
  let at = 4
  for (;;) {
    const isLast = file.readUInt8(at) >= 0x80
    at += 4 + file.readUIntBE(at + 1, 3)
    if (isLast) return file.indexOf(0xff, at)
  }
}

function frameAt(file: Buffer, at: number, headRate: number): Frame | undefined {
  if (at + 6 > file.byteLength || (file[at + 1] ?? 0) >> 1 !== 0x7c) return undefined
  const sizes = file.readUInt8(at + 2)
  const layout = file.readUInt8(at + 3)
  const [sizeCode, rateCode] = [sizes >> 4, sizes & 15]
  if (sizeCode === 0 || rateCode === 15 || layout >> 4 > 10 || layout & 1) return undefined
  // The number of the frame is written as characters are in UTF-8.
  const numberBytes = Math.max(1, Math.clz32(~(file.readUInt8(at + 4) << 24)))
  let end = at + 4 + numberBytes
  const sizeBytes = sizeCode === 6 ? 1 : sizeCode === 7 ? 2 : 0
  const rateBytes = rateCode === 12 ? 1 : rateCode > 12 ? 2 : 0
  if (end + sizeBytes + rateBytes >= file.byteLength) return undefined
  const samples = sizeBytes
    ? file.readUIntBE(end, sizeBytes) + 1
    : sizeCode > 7
      ? 2 ** sizeCode
      : (blockSizes[sizeCode] ?? 0)
  end += sizeBytes
  const stated = rateBytes ? file.readUIntBE(end, rateBytes) : (rates[rateCode] ?? 0)
  const rate = stated * rateUnits(rateCode) || headRate
  end += rateBytes
  if (rate === 0 || crc8(file, at, end) !== file[end]) return undefined
  return { samples, rate, kind: (rateCode << 8) | layout }
}

const rateUnits = (code: number): number => (code === 12 ? 1000 : code === 14 ? 10 : 1)

function crc8(file: Buffer, from: number, to: number): number {
  let crc = 0
  for (let at = from; at < to; at += 1) {
    crc ^= file.readUInt8(at)
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x80 ? ((crc << 1) ^ 0x07) & 0xff : crc << 1
  }
  return crc
}
