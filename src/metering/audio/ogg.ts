/**
 * Ogg with Opus or Vorbis: each packet tells how long it plays. A page counts by its checksum, as it does at
 * decoders: what only looks like one could hide others in itself.
 */
import { type AudioLength, countingParts } from './length.ts'
import { makeVorbisClock, opusSeconds } from './packets.ts'

type Stream = {
  readonly secondsOf: (packet: Buffer) => number
  /** Of its positions, in a second; how many there are before the sound begins. */
  readonly rate: number
  readonly skipped: number
  counted: number
  end: number
}

export function oggLength(file: Buffer): AudioLength | undefined {
  const streams = new Map<number, Stream>()
  const countPart = countingParts()
  let left = checkedMax * file.byteLength
  for (let at = 0; at >= 0; ) {
    countPart()
    const segments = file.readUInt8(at + 26)
    const body = at + 27 + segments
    const serial = file.readUInt32LE(at + 14)
    const isContinued = (file.readUInt8(at + 5) & 1) === 1
    const packets = packetsOf(file, at + 27, { segments, body, isContinued })
    if (packets.end <= file.byteLength) left -= packets.end - at
    if (left < 0) return undefined
    if (!isWhole(file, at, packets.end)) {
      at = file.indexOf('OggS', at + 1)
      continue
    }
    const [first] = packets.begun
    const stream = streams.get(serial) ?? (first && streamOf(first))
    if (!stream) return undefined
    streams.set(serial, stream)
    for (const packet of packets.begun) stream.counted += stream.secondsOf(packet)
    const position = file.readBigInt64LE(at + 6)
    if (position >= 0n) stream.end = Number(position)
    at = file.indexOf('OggS', packets.end)
  }
  // Several are played one after another.
  const counted = [...streams.values()].reduce((sum, stream) => sum + stream.counted, 0)
  const [only, ...others] = streams.values()
  if (!only || counted === 0) return undefined
  const told = others.length === 0 ? Math.max(0, only.end - only.skipped) / only.rate : undefined
  return { counted, told }
}

/** How often a file may be gone over for its checksums. */
const checkedMax = 4

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24
  for (let bit = 0; bit < 8; bit += 1) crc = crc < 0 ? (crc << 1) ^ 0x04c11db7 : crc << 1
  return crc
})

/** Over the page, with zeros in the place of the checksum. */
function isWhole(file: Buffer, begin: number, end: number): boolean {
  if (end > file.byteLength) return false
  let crc = 0
  for (let at = begin; at < end; at += 1) {
    const isOwnPlace = at >= begin + 22 && at < begin + 26
    const byte = isOwnPlace ? 0 : (file[at] ?? 0)
    crc = (crc << 8) ^ (crcTable[(crc >>> 24) ^ byte] ?? 0)
  }
  return crc >>> 0 === file.readUInt32LE(begin + 22)
}

/** Those that begin on the page, as far as they are on it: the first bytes tell. */
function packetsOf(
  file: Buffer,
  table: number,
  { segments, body, isContinued }: { segments: number; body: number; isContinued: boolean },
) {
  const begun: Buffer[] = []
  let [begin, end] = [body, body]
  let isRest = isContinued
  for (let index = 0; index < segments; index += 1) {
    const size = file.readUInt8(table + index)
    end += size
    if (size === 255 && index < segments - 1) continue
    if (!isRest) begun.push(file.subarray(begin, end))
    isRest = false
    begin = end
  }
  return { begun, end }
}

function streamOf(head: Buffer): Stream | undefined {
  if (head.toString('latin1', 0, 8) === 'OpusHead') {
    const secondsOf = (packet: Buffer) => (isOpusHead(packet) ? 0 : opusSeconds(packet))
    return { secondsOf, rate: 48_000, skipped: head.readUInt16LE(10), counted: 0, end: 0 }
  }
  if (head.toString('latin1', 0, 7) === '\x01vorbis') {
    const rate = head.readUInt32LE(12)
    return { secondsOf: makeVorbisClock(head), rate, skipped: 0, counted: 0, end: 0 }
  }
  return undefined
}

const isOpusHead = (packet: Buffer): boolean =>
  ['OpusHead', 'OpusTags'].includes(packet.toString('latin1', 0, 8))
