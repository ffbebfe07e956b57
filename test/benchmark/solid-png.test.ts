import { crc32, inflateSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { solidPng } from '../../src/benchmark/solid-png.ts'
import { readImages } from '../../src/metering/images.ts'

/** The chunks of a PNG, each with its checksum proven. */
function chunksOf(png: Buffer): Map<string, Buffer> {
  const chunks = new Map<string, Buffer>()
  for (let at = 8; at < png.byteLength; ) {
    const end = at + 8 + png.readUInt32BE(at)
    expect(png.readUInt32BE(end)).toBe(crc32(png.subarray(at + 4, end)))
    chunks.set(png.toString('latin1', at + 4, at + 8), png.subarray(at + 8, end))
    at = end + 4
  }
  return chunks
}

test('every pixel has the colour, and every checksum holds', () => {
  const png = solidPng([220, 20, 60], 3)
  const chunks = chunksOf(png)
  expect([...chunks.keys()]).toEqual(['IHDR', 'IDAT', 'IEND'])
  const line = [0, 220, 20, 60, 220, 20, 60, 220, 20, 60]
  expect([...inflateSync(chunks.get('IDAT') ?? '')]).toEqual([...line, ...line, ...line])
})

test('the gateway takes it for what it is', () => {
  const url = `data:image/png;base64,${solidPng([0, 0, 255], 64).toString('base64')}`
  const content = [{ type: 'image_url' as const, image_url: { url } }]
  expect(readImages([{ role: 'user', content }])).toEqual({ ok: true, value: ['png'] })
})
