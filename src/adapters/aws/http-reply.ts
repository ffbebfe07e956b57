/**
 * One HTTP/1.1 reply, read from bytes as they arrive. Two forms of body are known, by length and in chunks:
 * services of AWS and the embedded engines send no others. What is neither is an error, and never half a reply.
 */

export type HttpReply = {
  readonly status: number
  /** By name in lower case; of a name that comes twice, the last. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /** Whether the connection may carry another request. */
  readonly keepsOpen: boolean
}

/** Gives the reply with the bytes that end it. Throws where they are none, or too many. */
export type ReplyReader = (bytes: Buffer) => HttpReply | undefined

type Head = Omit<HttpReply, 'body'>
type BodyReader = (bytes: Buffer) => Buffer | undefined

const headBytesMax = 32 * 1024
const endOfHead = '\r\n\r\n'
const none: Buffer = Buffer.alloc(0)

export function makeReplyReader(bodyBytesMax: number): ReplyReader {
  let unread = none
  let head: Head | undefined
  let readBody: BodyReader | undefined
  return (bytes) => {
    if (head && readBody) return whole(head, readBody(bytes))
    unread = unread.length === 0 ? bytes : Buffer.concat([unread, bytes])
    const end = unread.indexOf(endOfHead)
    if (end > headBytesMax || (end < 0 && unread.length > headBytesMax)) {
      throw new Error('its head is too long')
    }
    if (end < 0) return undefined
    head = readHead(unread.toString('latin1', 0, end))
    readBody = bodyReaderOf(head, bodyBytesMax)
    return whole(head, readBody(unread.subarray(end + endOfHead.length)))
  }
}

const whole = (head: Head, body: Buffer | undefined): HttpReply | undefined =>
  body && { ...head, body }

function readHead(text: string): Head {
  const [first = '', ...lines] = text.split('\r\n')
  const [, version, status] = /^HTTP\/1\.([01]) ([2-5]\d\d)(?: |$)/.exec(first) ?? []
  if (status === undefined) throw new Error('it does not begin as one of HTTP/1.1')
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const colon = line.indexOf(':')
    if (colon < 1) throw new Error('a line of its head is no header')
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim()
  }
  const keepsOpen = version === '1' && headers.connection?.toLowerCase() !== 'close'
  return { status: Number(status), headers, keepsOpen }
}

function bodyReaderOf({ headers }: Head, bytesMax: number): BodyReader {
  const { 'transfer-encoding': encoding, 'content-length': length } = headers
  if (encoding?.toLowerCase() === 'chunked') return readChunks(bytesMax)
  if (encoding === undefined && length !== undefined && /^\d{1,15}$/.test(length)) {
    return readLength(Number(length), bytesMax)
  }
  throw new Error('its head does not tell where it ends')
}

function readLength(length: number, bytesMax: number): BodyReader {
  if (length > bytesMax) throw tooLong()
  const pieces: Buffer[] = []
  let missing = length
  return (bytes) => {
    missing -= bytes.length
    if (missing < 0) throw tooLong()
    pieces.push(bytes)
    return missing === 0 ? joined(pieces) : undefined
  }
}

/** Each begins with its size as hexadecimal digits, and one of size 0 is the end. */
function readChunks(bytesMax: number): BodyReader {
  const pieces: Buffer[] = []
  let room = bytesMax
  let unread = none
  let missing = 0
  let isEnding = false
  const takeLine = (): string | undefined => {
    const end = unread.indexOf('\r\n')
    if (end < 0) return undefined
    const line = unread.toString('latin1', 0, end)
    unread = unread.subarray(end + 2)
    return line
  }
  return (bytes) => {
    unread = unread.length === 0 ? bytes : Buffer.concat([unread, bytes])
    for (;;) {
      const piece = unread.subarray(0, missing)
      if (piece.length > 0) pieces.push(piece)
      missing -= piece.length
      unread = unread.subarray(piece.length)
      if (missing > 0) return undefined
      const line = takeLine()
      if (line === undefined) return unread.length > headBytesMax ? fail() : undefined
      // Behind the data of a chunk, and behind the last size or its trailers, stands an empty line.
      if (line === '' && isEnding) return unread.length === 0 ? joined(pieces) : fail()
      if (line === '' || isEnding) continue
      missing = sizeOf(line)
      room -= missing
      if (room < 0) throw tooLong()
      isEnding = missing === 0
    }
  }
}

function sizeOf(line: string): number {
  const [digits = ''] = line.split(';')
  if (!/^[\da-fA-F]{1,8}$/.test(digits.trim())) throw new Error('a chunk of it has no size')
  return Number.parseInt(digits, 16)
}

const joined = (pieces: readonly Buffer[]): Buffer =>
  pieces.length === 1 ? (pieces[0] ?? none) : Buffer.concat(pieces)

const tooLong = () => new Error('it has more bytes than it may have')

function fail(): never {
  throw new Error('it goes on behind its end')
}
