/**
 * Images in a prompt: what they are by their own bytes, never by what a client says of them. Their
 * headers alone are read: how large an image is bounds what a host must decode.
 */
import type { ChatMessage } from '../protocol/chat-request.ts'
import { limits } from '../protocol/limits.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'

export const imageTypes = ['png', 'jpeg', 'webp', 'gif'] as const
export type ImageType = (typeof imageTypes)[number]

export type ImageSize = { readonly width: number; readonly height: number }

/** The type of each image of the request, in order; or what is wrong with the first bad one. */
export function readImages(messages: readonly ChatMessage[]): Result<readonly ImageType[]> {
  const types: ImageType[] = []
  for (const { url, param } of imagesOf(messages)) {
    if (types.length === limits.imagesPerRequest) {
      return invalid(param, `a request takes at most ${limits.imagesPerRequest} images`)
    }
    const read = readImage(url)
    if (typeof read === 'object') return invalid(param, read.fault)
    types.push(read)
  }
  return ok(types)
}

/** As they stand in the request, unread. */
export const imageUrls = (messages: readonly ChatMessage[]): readonly string[] =>
  [...imagesOf(messages)].map(({ url }) => url)

function* imagesOf(messages: readonly ChatMessage[]) {
  for (const [at, { content }] of messages.entries()) {
    if (!Array.isArray(content)) continue
    for (const [place, part] of content.entries()) {
      if (part.type !== 'image_url') continue
      yield { url: part.image_url.url, param: `messages.${at}.content.${place}.image_url.url` }
    }
  }
}

const invalid = (param: string, fault: string) =>
  refuse('invalid_value', { param, message: `${param}: ${fault}.` })

/** Base64 of so many characters holds the largest image that is taken. */
const base64CharsMax = Math.ceil(limits.imageBytes / 3) * 4

function readImage(url: string): ImageType | { readonly fault: string } {
  const head = /^data:image\/(png|jpe?g|webp|gif);base64,/i.exec(url)?.[0]
  if (head === undefined) {
    return { fault: 'an image must be a data URI of a PNG, JPEG, WebP or GIF in base64' }
  }
  const chars = url.length - head.length
  const bytes = chars > base64CharsMax ? undefined : decoded(url.slice(head.length))
  if (chars > base64CharsMax || (bytes && bytes.byteLength > limits.imageBytes)) {
    return { fault: `an image may have at most ${limits.imageBytes} bytes` }
  }
  if (bytes === undefined) return { fault: 'the data is not valid base64' }
  const found = imageTypes.find((type) => signatures[type](bytes))
  const stated = head.slice('data:image/'.length, -';base64,'.length).toLowerCase()
  if (found === undefined || found !== stated.replace('jpg', 'jpeg')) {
    return { fault: `the data is not a ${stated.toUpperCase()} image` }
  }
  const size = sizeOf[found](bytes)
  if (size === undefined) return { fault: 'the header of the image cannot be read' }
  const isWithin = [size.width, size.height].every(
    (side) => side >= 1 && side <= limits.imagePixels,
  )
  return isWithin ? found : { fault: `each side must have 1 to ${limits.imagePixels} pixels` }
}

/** Smaller is no file of any of the formats: a GIF of one pixel has as many. */
const imageBytesMin = 35

/** Of base64 that a host made, by its own bytes; undefined where it is no image. */
export function imageSize(base64: string): ImageSize | undefined {
  const bytes = decoded(base64)
  if (bytes === undefined || bytes.byteLength < imageBytesMin) return undefined
  const type = imageTypes.find((one) => signatures[one](bytes))
  const size = type && sizeOf[type](bytes)
  return size && size.width > 0 && size.height > 0 ? size : undefined
}

/** Node skips what is not base64 and takes the URL's alphabet, too; the runtimes do neither. */
function decoded(base64: string): Buffer | undefined {
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0
  const bytes = Buffer.from(base64, 'base64')
  const isWhole = base64.length % 4 === 0 && bytes.byteLength === (base64.length / 4) * 3 - padding
  return isWhole && !/[-_]/.test(base64) ? bytes : undefined
}

const hasText = (bytes: Buffer, text: string, at: number): boolean =>
  bytes.toString('latin1', at, at + text.length) === text

const signatures: Readonly<Record<ImageType, (bytes: Buffer) => boolean>> = {
  png: (bytes) => hasText(bytes, '\x89PNG\r\n\x1a\n', 0),
  jpeg: (bytes) => hasText(bytes, '\xff\xd8\xff', 0),
  webp: (bytes) => hasText(bytes, 'RIFF', 0) && hasText(bytes, 'WEBP', 8),
  gif: (bytes) => hasText(bytes, 'GIF87a', 0) || hasText(bytes, 'GIF89a', 0),
}

/** Undefined where the header is cut short or says nothing of the size. */
const sizeOf: Readonly<Record<ImageType, (bytes: Buffer) => ImageSize | undefined>> = {
  png: (bytes) =>
    bytes.byteLength >= 24 && hasText(bytes, 'IHDR', 12)
      ? { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) }
      : undefined,
  gif: (bytes) =>
    bytes.byteLength >= 10
      ? { width: bytes.readUInt16LE(6), height: bytes.readUInt16LE(8) }
      : undefined,
  webp: webpSize,
  jpeg: jpegSize,
}

/** Three forms: lossy, lossless, and the one with a canvas around either. */
function webpSize(bytes: Buffer): ImageSize | undefined {
  if (bytes.byteLength < 30) return undefined
  if (hasText(bytes, 'VP8X', 12)) {
    return { width: 1 + bytes.readUIntLE(24, 3), height: 1 + bytes.readUIntLE(27, 3) }
  }
  if (hasText(bytes, 'VP8L', 12) && bytes[20] === 0x2f) {
    const bits = bytes.readUInt32LE(21)
    return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) }
  }
  if (hasText(bytes, 'VP8 ', 12) && hasText(bytes, '\x9d\x01\x2a', 23)) {
    return { width: bytes.readUInt16LE(26) & 0x3fff, height: bytes.readUInt16LE(28) & 0x3fff }
  }
  return undefined
}

/** Walks the segments to the frame header; a height of 0 would be told later, and is refused. */
function jpegSize(bytes: Buffer): ImageSize | undefined {
  let at = 2
  while (at + 9 <= bytes.byteLength && bytes[at] === 0xff) {
    const marker = bytes.readUInt8(at + 1)
    if (marker === 0xff) {
      at += 1
    } else if (isFrameHeader(marker)) {
      return { width: bytes.readUInt16BE(at + 7), height: bytes.readUInt16BE(at + 5) }
    } else {
      at += 2 + bytes.readUInt16BE(at + 2)
    }
  }
  return undefined
}

/** C4, C8 and CC are tables, not frames. */
const isFrameHeader = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)
