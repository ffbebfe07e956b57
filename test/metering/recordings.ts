/** Recordings as their formats lay them out, with the least that a decoder needs. */

export function chunk(kind: string, content: Buffer, order: 'LE' | 'BE' = 'LE'): Buffer {
  const head = Buffer.alloc(8)
  if (order === 'BE') {
    head.writeUInt32BE(8 + content.byteLength)
    head.write(kind, 4, 'latin1')
  } else {
    head.write(kind, 0, 'latin1')
    head.writeUInt32LE(content.byteLength, 4)
  }
  return Buffer.concat([head, content])
}

export const riffOf = (...chunks: readonly Buffer[]): Buffer =>
  Buffer.concat([Buffer.from('RIFF\0\0\0\0WAVE', 'latin1'), ...chunks])

function oggPage(packets: readonly Buffer[], at: { position: number; number: number }): Buffer {
  const head = Buffer.alloc(27)
  head.write('OggS', 0)
  head.writeBigInt64LE(BigInt(at.position), 6)
  head.writeUInt32LE(7, 14)
  head.writeUInt32LE(at.number, 18)
  head.writeUInt8(packets.length, 26)
  const sizes = Buffer.from(packets.map((packet) => packet.byteLength))
  const page = Buffer.concat([head, sizes, ...packets])
  page.writeUInt32LE(oggCrc(page), 22)
  return page
}

function oggCrc(page: Buffer): number {
  let crc = 0
  for (const byte of page) {
    crc ^= byte << 24
    for (let bit = 0; bit < 8; bit += 1) crc = crc < 0 ? (crc << 1) ^ 0x04c11db7 : crc << 1
  }
  return crc >>> 0
}

const opusHead = Buffer.concat([Buffer.from('OpusHead\x01\x01', 'latin1'), Buffer.alloc(9)])

export function oggOf(
  packets: readonly Buffer[],
  { told = 0, head = opusHead }: { told?: number; head?: Buffer } = {},
): Buffer {
  const pages = [oggPage([head], { position: 0, number: 0 })]
  for (let at = 0; at < packets.length; at += 50) {
    const position = told * 48_000
    pages.push(oggPage(packets.slice(at, at + 50), { position, number: pages.length }))
  }
  return Buffer.concat(pages)
}

/** With a size of four bytes; undefined where the content tells where it ends. */
export function element(
  id: readonly number[],
  content: Buffer,
  size: number | undefined = content.byteLength,
): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(0x10000000 | size)
  return Buffer.concat([Buffer.from(id), length, content])
}

const endless = (id: readonly number[], content: Buffer): Buffer =>
  Buffer.concat([Buffer.from(id), Buffer.from([0xff]), content])

export function webmOf(
  packets: readonly Buffer[],
  {
    codec = 'A_OPUS',
    knowsSizes = true,
    told,
    inCluster = Buffer.alloc(0),
  }: { codec?: string; knowsSizes?: boolean; told?: number; inCluster?: Buffer } = {},
): Buffer {
  const part = knowsSizes ? element : endless
  const duration = Buffer.alloc(8)
  duration.writeDoubleBE((told ?? 0) * 1000)
  const info =
    told === undefined
      ? Buffer.alloc(0)
      : element([0x15, 0x49, 0xa9, 0x66], element([0x44, 0x89], duration))
  const track = Buffer.concat([
    element([0xd7], Buffer.from([1])),
    element([0x86], Buffer.from(codec)),
  ])
  const blocks = packets.map((packet) =>
    element([0xa3], Buffer.concat([Buffer.from([0x81, 0, 0, 0x80]), packet])),
  )
  const cluster = part([0x1f, 0x43, 0xb6, 0x75], Buffer.concat([...blocks, inCluster]))
  const tracks = element([0x16, 0x54, 0xae, 0x6b], element([0xae], track))
  return Buffer.concat([
    element([0x1a, 0x45, 0xdf, 0xa3], Buffer.alloc(0)),
    part([0x18, 0x53, 0x80, 0x67], Buffer.concat([info, tracks, cluster])),
  ])
}

const box = (kind: string, ...content: readonly Buffer[]): Buffer =>
  chunk(kind, Buffer.concat(content), 'BE')

const words = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 4)
  for (const [at, value] of values.entries()) bytes.writeUInt32BE(value, at * 4)
  return bytes
}

/** AAC-LC at 44.1 kHz, one channel: frames of 1024 samples. */
const esds = Buffer.concat([
  Buffer.from([0, 0, 0, 0, 3, 25, 0, 1, 0, 4, 17, 0x40, 0x15]),
  Buffer.alloc(11),
  Buffer.from([5, 2, 0x12, 0x08, 6, 1, 2]),
])

export function m4aOf({ frames, told }: { frames: number; told: number }): Buffer {
  const entry = box('mp4a', Buffer.alloc(28), box('esds', esds))
  const table = box(
    'stbl',
    box('stsd', words(0, 1), entry),
    box('stsz', words(0, 0, frames), Buffer.alloc(frames * 4)),
  )
  const media = box(
    'mdia',
    box('mdhd', words(0, 0, 0, 44_100, Math.round(told * 44_100), 0)),
    box('hdlr', words(0, 0), Buffer.from('soun'), Buffer.alloc(13)),
    box('minf', table),
  )
  return Buffer.concat([
    box('ftyp', Buffer.from('M4A \0\0\0\0')),
    box('moov', box('trak', box('tkhd', words(0, 0, 0, 1)), media)),
  ])
}

/** Behind a whole one: each of so many frames. */
export const fragments = (...frames: readonly number[]): Buffer =>
  Buffer.concat(
    frames.map((count) =>
      box('moof', box('traf', box('tfhd', words(0, 1)), box('trun', words(0, count)))),
    ),
  )
