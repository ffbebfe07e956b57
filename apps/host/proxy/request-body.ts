/** Bodies of requests and of replies, read within a bound. */
import type { IncomingMessage } from 'node:http'

export type SentBody = { readonly bytes: Buffer; readonly contentType: string }

export type ReadBody =
  | { readonly ok: true; readonly bytes: Buffer }
  | { readonly ok: false; readonly reason: 'too_large' | 'incomplete' }

/** `unwanted` breaks off the request; what was read whole by then stays read. */
export async function readBody(
  request: IncomingMessage,
  bytesMax: number,
  unwanted?: AbortSignal,
): Promise<ReadBody> {
  if (Number(request.headers['content-length'] ?? 0) > bytesMax) {
    return { ok: false, reason: 'too_large' }
  }
  const pieces: Buffer[] = []
  let bytes = 0
  const breakOff = () => void request.destroy()
  unwanted?.addEventListener('abort', breakOff, { once: true })
  try {
    // Leaving the loop must not destroy the request: the refusal still has to be sent on it.
    for await (const piece of request.iterator({ destroyOnReturn: false })) {
      pieces.push(piece)
      bytes += piece.byteLength
      if (bytes > bytesMax) return { ok: false, reason: 'too_large' }
    }
  } catch {
    return { ok: false, reason: 'incomplete' }
  } finally {
    unwanted?.removeEventListener('abort', breakOff)
  }
  return { ok: true, bytes: Buffer.concat(pieces) }
}
