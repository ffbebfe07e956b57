/**
 * How long a recording is: what a transcription is billed by. What a file says of its own length is its sender's
 * word, so what a decoder would play is counted: frames, packets and samples. Tags are passed over unread.
 */
import { flacLength } from './audio/flac.ts'
import { type AudioLength, secondsOf } from './audio/length.ts'
import { mp4Length } from './audio/mp4.ts'
import { mpegLength } from './audio/mpeg.ts'
import { oggLength } from './audio/ogg.ts'
import { wavLength } from './audio/wav.ts'
import { webmLength } from './audio/webm.ts'

/** Begun seconds; undefined where the file is no recording that can be counted. One pass over its bytes. */
export function audioSeconds(bytes: Uint8Array): number | undefined {
  const file = withoutTag(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  try {
    const length = readerOf(file)(file)
    return length && begunSeconds(secondsOf(length))
  } catch (error) {
    // A file may end, or point, anywhere.
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** By the same marks as decoders go by, and never by the name. */
function readerOf(file: Buffer): (file: Buffer) => AudioLength | undefined {
  const mark = (at: number) => file.toString('latin1', at, at + 4)
  if (mark(0) === 'RIFF' && mark(8) === 'WAVE') return wavLength
  if (mark(0) === 'fLaC') return flacLength
  if (mark(0) === 'OggS') return oggLength
  if (mark(0) === '\x1a\x45\xdf\xa3') return webmLength
  return mark(4) === 'ftyp' ? mp4Length : mpegLength
}

/** ID3 in front of anything: its size is in ten bytes, seven bits in each of the last four. */
function withoutTag(file: Buffer): Buffer {
  let rest = file
  while (rest.byteLength > 10 && rest.toString('latin1', 0, 3) === 'ID3') {
    const size = rest.subarray(6, 10).reduce((sum, byte) => sum * 128 + (byte & 0x7f), 0)
    rest = rest.subarray(10 + size)
  }
  return rest
}

function begunSeconds(seconds: number): number | undefined {
  if (!Number.isFinite(seconds) || seconds <= 0) return undefined
  // What is a whole second but for a rounding error is one.
  return Math.ceil(Math.round(seconds * 1e6) / 1e6)
}
