/** The agent's own answers, all of them JSON, and when an answer has left. */
import { once } from 'node:events'
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'

export type Refusal = { readonly status: number; readonly code: string; readonly message: string }

export const notFound: Refusal = {
  status: 404,
  code: 'not_found',
  message: 'There is nothing at this path.',
}

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
  { status, code, message }: Refusal,
  headers: OutgoingHttpHeaders = {},
): void {
  sendJson(response, status, { error: { code, message } }, headers)
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
