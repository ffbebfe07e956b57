/** WAV: the samples that are there, by the layout that a decoder reads them with. */
import type { AudioLength } from './length.ts'

/** Samples as they are: whole numbers, fractions, A-law, mu-law. */
const plainFormats: readonly number[] = [1, 3, 6, 7]
/** Its own format is told further on. */
const extended = 0xfffe
const rateMax = 384_000
const channelsMax = 32

export function wavLength(file: Buffer): AudioLength | undefined {
  let bytesPerSecond: number | undefined
  let dataBytes = 0
  let at = 12
  while (at + 8 <= file.byteLength) {
    const kind = file.toString('latin1', at, at + 4)
    const size = file.readUInt32LE(at + 4)
    const begin = at + 8
    if (kind === 'fmt ') {
      if (bytesPerSecond !== undefined) return undefined
      bytesPerSecond = bytesPerSecondOf(file.subarray(begin, begin + size))
    }
    if (kind === 'data') {
      // What was written as a stream does not know its size: it goes on to the end.
      const end = size === 0 || size === 0xffffffff ? file.byteLength : begin + size
      dataBytes += Math.min(end, file.byteLength) - begin
      at = Math.max(begin, end + (end % 2))
    } else {
      at = begin + size + (size % 2)
    }
  }
  return bytesPerSecond && dataBytes > 0 ? { counted: dataBytes / bytesPerSecond } : undefined
}

function bytesPerSecondOf(format: Buffer): number | undefined {
  const stated = format.readUInt16LE(0)
  const kind = stated === extended ? format.readUInt16LE(24) : stated
  const [channels, rate] = [format.readUInt16LE(2), format.readUInt32LE(4)]
  const bits = format.readUInt16LE(14)
  const isSane =
    plainFormats.includes(kind) &&
    channels >= 1 &&
    channels <= channelsMax &&
    rate >= 1 &&
    rate <= rateMax &&
    [8, 16, 24, 32, 64].includes(bits)
  return isSane ? (rate * channels * bits) / 8 : undefined
}
