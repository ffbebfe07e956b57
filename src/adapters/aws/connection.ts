/**
 * Requests to one endpoint over kept connections. Nothing is sent twice here: what to make of a
 * request without a reply is for the caller to say, who knows whether it was a write.
 */
import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { AwsError, lostNames } from './aws-error.ts'
import { type HttpLine, makeHttpLine } from './http-line.ts'
import type { HttpReply } from './http-reply.ts'

export type Answer = Pick<HttpReply, 'status' | 'headers' | 'body'>

/** Headers as name, value, name, value. Throws `AwsError` by one of `lostNames` where no reply came. */
export type Post = (headers: readonly string[], body: string) => Promise<Answer>

export type Connection = {
  readonly post: Post
  /** Ends kept connections and whatever is under way. */
  readonly close: () => void
}

type Bounds = typeof defaults

const defaults = {
  /** Of a new connection, TLS included. */
  connectMs: 1_000,
  /** From the call to the reply's last byte, the wait for a free connection included. */
  requestMs: 2_000,
  /** Opened all at once, they still fit into the 50 that a listener of Java's lets wait. */
  sockets: 48,
  /** The service's own limit is 16 MB, and JSON makes more of it. */
  replyBytes: 32 * 1024 * 1024,
}

export function makeConnection(url: URL, given: Partial<Bounds> = {}): Connection {
  const bounds = { ...defaults, ...given }
  const { host } = url
  const dial = makeDial(url, bounds.connectMs)
  const lines = new Set<HttpLine>()
  /** The last one used comes first: its other end is the least likely to have gone. */
  const idle: HttpLine[] = []
  /** Requests beyond the bound on sockets; each goes on when it is given its turn. */
  const waiting = new Set<() => void>()

  const takeLine = (): HttpLine => {
    for (let line = idle.pop(); line; line = idle.pop()) {
      if (line.isOpen()) return line
      lines.delete(line)
    }
    const line = makeHttpLine(dial(), { host, replyBytes: bounds.replyBytes })
    lines.add(line)
    return line
  }

  const giveBack = (line: HttpLine): void => {
    if (line.isOpen()) idle.push(line)
    else lines.delete(line)
    const [next] = waiting
    if (next === undefined) return
    waiting.delete(next)
    next()
  }

  const post: Post = (headers, body) =>
    new Promise((resolve, reject) => {
      let line: HttpLine | undefined
      const send = (): void => {
        const taken = takeLine()
        line = taken
        // Given back first: who hears the reply may ask again at once.
        const end = (): void => {
          clearTimeout(timer)
          giveBack(taken)
        }
        taken.exchange(requestOf(headers, body)).then(
          (reply) => {
            end()
            resolve(reply)
          },
          (error) => {
            end()
            reject(error)
          },
        )
      }
      const timer = setTimeout(() => {
        waiting.delete(send)
        const message = `${host} did not reply within ${bounds.requestMs} ms.`
        reject(new AwsError(lostNames.timeout, { message }))
        line?.destroy()
      }, bounds.requestMs)
      if (idle.length > 0 || lines.size < bounds.sockets) send()
      else waiting.add(send)
    })

  return {
    post,
    close: () => {
      for (const line of lines) line.destroy()
    },
  }
}

function requestOf(headers: readonly string[], body: string): string {
  let head = 'POST / HTTP/1.1\r\n'
  for (let at = 0; at < headers.length; at += 2) head += `${headers[at]}: ${headers[at + 1]}\r\n`
  return `${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}

/** New sockets; over TLS each goes on with the session of an earlier one, which saves the handshake. */
function makeDial(url: URL, connectMs: number): () => Socket {
  const isTls = url.protocol === 'https:'
  const port = Number(url.port) || (isTls ? 443 : 80)
  // In URLs alone, an address of IPv6 stands in brackets.
  const host = url.hostname.replace(/^\[|\]$/g, '')
  // An address is no name that a server could be told apart by.
  const name = isIP(host) === 0 ? { servername: host } : {}
  let session: Buffer | undefined
  const dialTls = (): Socket =>
    connectTls({ host, port, ...name, ...(session && { session }) }).on('session', (granted) => {
      session = granted
    })
  return () => {
    const socket = isTls ? dialTls() : connect(port, host)
    const timer = setTimeout(() => {
      socket.destroy(new Error(`there was no connection within ${connectMs} ms`))
    }, connectMs)
    for (const event of [isTls ? 'secureConnect' : 'connect', 'close']) {
      socket.once(event, () => clearTimeout(timer))
    }
    return socket
  }
}
