/** Headers of images, as the formats lay them out, with nothing behind them. */
import type { ImageType } from '../../src/metering/images.ts'

type Size = { readonly width: number; readonly height: number }

const u16 = (value: number) => [value >> 8, value & 0xff]
const le16 = (value: number) => [value & 0xff, value >> 8]
const le24 = (value: number) => [value & 0xff, (value >> 8) & 0xff, value >> 16]
const text = (chars: string) => [...Buffer.from(chars, 'latin1')]

export function png({ width, height }: Size): Buffer {
  const sizes = [0, 0, ...u16(width), 0, 0, ...u16(height)]
  return Buffer.from([...text('\x89PNG\r\n\x1a\n'), 0, 0, 0, 13, ...text('IHDR'), ...sizes, 8, 2])
}

export const gif = ({ width, height }: Size, version = 'GIF89a'): Buffer =>
  Buffer.from([...text(version), ...le16(width), ...le16(height), 0, 0, 0])

/** With a comment and a table of symbols before the frame, and bytes to fill in between. */
export function jpeg({ width, height }: Size, frame = 0xc0): Buffer {
  const comment = [0xff, 0xfe, ...u16(2 + 300), ...Array<number>(300).fill(0xff)]
  const table = [0xff, 0xc4, ...u16(2 + 3), 1, 2, 3]
  const header = [0xff, frame, ...u16(17), 8, ...u16(height), ...u16(width), 3, 0, 0, 0]
  return Buffer.from([0xff, 0xd8, ...comment, 0xff, ...table, ...header])
}

const riff = (form: string, body: readonly number[]): Buffer =>
  Buffer.from([...text('RIFF'), 0, 0, 0, 0, ...text('WEBP'), ...text(form), 0, 0, 0, 0, ...body])

export const webp = {
  lossy: ({ width, height }: Size): Buffer =>
    riff('VP8 ', [0, 0, 0, 0x9d, 0x01, 0x2a, ...le16(width), ...le16(height), 0, 0, 0]),
  lossless: ({ width, height }: Size): Buffer => {
    const bits = (width - 1) | ((height - 1) << 14)
    const packed = Buffer.alloc(4)
    packed.writeInt32LE(bits)
    return riff('VP8L', [0x2f, ...packed, 0, 0, 0, 0, 0])
  },
  canvas: ({ width, height }: Size): Buffer =>
    riff('VP8X', [0, 0, 0, 0, ...le24(width - 1), ...le24(height - 1), 0, 0]),
}

export const dataUri = (type: ImageType | 'jpg' | 'svg+xml', bytes: Buffer): string =>
  `data:image/${type};base64,${bytes.toString('base64')}`
