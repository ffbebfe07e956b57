/** One request to a local runtime, with a limit on each of its silences. */
import * as http from 'node:http'
import * as https from 'node:https'

export type RuntimeTimeouts = {
  readonly connectMs: number
  readonly headersMs: number
  /** Between two pieces of the reply, and for a client that stops reading it. */
  readonly idleMs: number
}

export const runtimeTimeouts: RuntimeTimeouts = {
  connectMs: 5_000,
  headersMs: 120_000,
  idleMs: 120_000,
}

/** Undefined when the runtime did not answer, was too slow, or `signal` aborted first. */
export function askRuntime(ask: {
  readonly url: string
  readonly body: Buffer
  /** @default `application/json` */
  readonly contentType?: string
  readonly signal: AbortSignal
  readonly timeouts: RuntimeTimeouts
}): Promise<http.IncomingMessage | undefined> {
  const { url, body, contentType = 'application/json', signal, timeouts } = ask
  const { request: open } = url.startsWith('https:') ? https : http
  return new Promise((resolve) => {
    const request = open(url, {
      method: 'POST',
      // A kept-alive connection may be closed by the runtime just as it is used again. On one
      // machine a new one costs less than that failure.
      agent: false,
      signal,
      headers: { 'content-type': contentType, 'content-length': body.byteLength },
    })
    request.once('socket', (socket) => {
      socket.setTimeout(timeouts.connectMs)
      socket.once('connect', () => socket.setTimeout(timeouts.headersMs))
      socket.on('timeout', () => request.destroy(new Error('the runtime was silent for too long')))
    })
    request.once('response', (response) => {
      response.socket.setTimeout(timeouts.idleMs)
      resolve(response)
    })
    // After the response has begun, the same failure reaches whoever reads it.
    request.on('error', () => resolve(undefined))
    request.end(body)
  })
}
