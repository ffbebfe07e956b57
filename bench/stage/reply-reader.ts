/**
 * Reads the replies of one connection, as cheaply as they can be told apart: where a reply begins to have
 * content, where it ends, and whether it was whole.
 */

export type ReplyEnd = { readonly firstAtMs: number; readonly bytes: number }

export type ReplyReader = {
  /** Undefined while more is to come; throws for a reply that is not a whole answer. */
  readonly feed: (bytes: Buffer, atMs: number) => ReplyEnd | undefined
}

const headEnd = '\r\n\r\n'
const chunkedEnd = Buffer.from('0\r\n\r\n')
const contentStart = /"content":\s?"[^"]/
const endMark = Buffer.from('data: [DONE]')
/** No event that a bench brings is longer, so a search goes back no further. */
const eventBytesMax = 4_096
const shownBytes = 400

export function makeReplyReader({ isStream }: { readonly isStream: boolean }): ReplyReader {
  let head = ''
  let isHeadWhole = false
  let bytesMissing: number | undefined
  let firstAtMs: number | undefined
  let bytesRead = 0
  let tail: Buffer = Buffer.alloc(0)

  function feed(bytes: Buffer, atMs: number): ReplyEnd | undefined {
    bytesRead += bytes.byteLength
    const body = isHeadWhole ? bytes : bodyBehindHead(bytes)
    if (body === undefined) return undefined
    if (!isStream) firstAtMs ??= atMs
    tail = tail.byteLength === 0 ? body : Buffer.concat([tail, body])
    if (firstAtMs === undefined && contentStart.test(tail.toString('latin1'))) firstAtMs = atMs
    if (!isEnded(body.byteLength)) {
      tail = tail.subarray(-eventBytesMax)
      return undefined
    }
    return ended()
  }

  /** Undefined while the head is not whole. */
  function bodyBehindHead(bytes: Buffer): Buffer | undefined {
    const before = head.length
    head += bytes.toString('latin1')
    const end = head.indexOf(headEnd)
    if (end < 0) return undefined
    const body = bytes.subarray(end + headEnd.length - before)
    head = head.slice(0, end)
    isHeadWhole = true
    if (!head.startsWith('HTTP/1.1 200')) throw new Error(shown('was refused', body))
    const [, length] = /\r\ncontent-length: ?(\d+)/i.exec(head) ?? []
    bytesMissing = length === undefined ? undefined : Number(length)
    return body
  }

  function isEnded(length: number): boolean {
    if (bytesMissing === undefined) return tail.subarray(-chunkedEnd.byteLength).equals(chunkedEnd)
    bytesMissing -= length
    return bytesMissing <= 0
  }

  function ended(): ReplyEnd {
    if (firstAtMs === undefined) throw new Error(shown('had no content', tail))
    if (isStream && !tail.includes(endMark)) throw new Error(shown('was not whole', tail))
    const end = { firstAtMs, bytes: bytesRead }
    head = ''
    isHeadWhole = false
    bytesMissing = undefined
    firstAtMs = undefined
    bytesRead = 0
    tail = Buffer.alloc(0)
    return end
  }

  const shown = (what: string, body: Buffer) =>
    `a reply ${what}: ${head.split('\r\n', 1)} ${body.subarray(-shownBytes).toString('utf8')}`

  return { feed }
}
