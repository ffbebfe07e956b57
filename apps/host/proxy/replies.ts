/** The agent's own answers, all of them JSON, and when an answer has left. */
import { once } from 'node:events'
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'

export type Refusal = { readonly status: number; readonly code: string; readonly message: string }

export const notFound: Refusal = {
  status: 404,
  code: 'not_found',
  message: 'There is nothing at this path.',
}

export const busy: Refusal = {
  status: 429,
  code: 'busy',
  message: 'The node takes no further work at this moment.',
}

export const tooLarge: Refusal = {
  status: 413,
  code: 'request_too_large',
  message: 'The request body is larger than 4 MB.',
}

export const errorBody = ({ code, message }: Refusal) => ({ error: { code, message } })

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: OutgoingHttpHeaders = {},
): void {
  const bytes = Buffer.from(JSON.stringify(body))
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': bytes.byteLength,
    ...headers,
  })
  response.end(bytes)
}

export function sendRefusal(
  response: ServerResponse,
  refusal: Refusal,
  headers: OutgoingHttpHeaders = {},
): void {
  sendJson(response, refusal.status, errorBody(refusal), headers)
}

/** Aborts when whoever asked has gone, or when the reply is over. */
export function whenGone(response: ServerResponse): AbortSignal {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  if (response.destroyed) gone.abort()
  return gone.signal
}

/** After a cancel the claim has left within this, or the connection is cut. */
const cancelledEndMs = 2_000

/** Whatever the dispatch waits for then, a runtime or a reader, it waits no longer. */
export function cutAfterCancel(response: ServerResponse, cancelled: AbortSignal): void {
  const cut = () => response.destroy()
  cancelled.addEventListener('abort', () => {
    AbortSignal.timeout(cancelledEndMs).addEventListener('abort', cut, { once: true })
  })
}

/** Whether all of an ended response left before its connection did, or time was up. */
export async function hasLeft(response: ServerResponse, withinMs: number): Promise<boolean> {
  if (response.writableFinished) return true
  if (response.destroyed) return false
  const waited = new AbortController()
  const signal = AbortSignal.any([waited.signal, AbortSignal.timeout(withinMs)])
  try {
    await Promise.race([once(response, 'finish', { signal }), once(response, 'close', { signal })])
  } catch {
    response.destroy()
  } finally {
    waited.abort()
  }
  return response.writableFinished
}
