/** A small picture of one colour, drawn here, so that no host has seen it before. */
import { crc32, deflateSync } from 'node:zlib'

export type Colour = readonly [red: number, green: number, blue: number]

const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')

/** A square PNG of 8-bit RGB. */
export function solidPng(colour: Colour, side: number): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(side, 0)
  header.writeUInt32BE(side, 4)
  // 8 bits a channel, three channels; compression, filter and interlace as the format has them.
  header.set([8, 2, 0, 0, 0], 8)
  const line = [0, ...Array.from({ length: side }, () => [...colour]).flat()]
  const pixels = Buffer.from(Array.from({ length: side }, () => line).flat())
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(pixels)),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const frame = Buffer.alloc(body.byteLength + 8)
  frame.writeUInt32BE(data.byteLength, 0)
  body.copy(frame, 4)
  frame.writeUInt32BE(crc32(body), body.byteLength + 4)
  return frame
}
