/**
 * An HTTP/1.1 server that does no more than a bench needs: what stands behind a gateway shares its machine, and
 * must cost as little of it as can be. Requests of one connection are answered one after the other.
 */
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'

export type LeanRequest = {
  readonly path: string
  /** Undefined where it was not sent; `name` in lower case. */
  readonly header: (name: string) => string | undefined
  readonly body: Buffer
}

/** Writes one whole reply, its head included. */
export type Respond = (request: LeanRequest, socket: Socket) => void

export type LeanServer = { readonly url: string; readonly stop: () => Promise<void> }

/** Of one request, head and body: more is a mistake of whoever benches. */
const requestBytesMax = 16 * 1024 * 1024
const headEnd = Buffer.from('\r\n\r\n')

export async function startLeanServer(respond: Respond): Promise<LeanServer> {
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    // Whoever is gone wants no answer.
    socket.on('error', () => socket.destroy())
    let waiting: Buffer = Buffer.alloc(0)
    socket.on('data', (bytes: Buffer) => {
      waiting = waiting.byteLength === 0 ? bytes : Buffer.concat([waiting, bytes])
      if (waiting.byteLength > requestBytesMax) return void socket.destroy()
      const read = readRequest(waiting)
      if (read === undefined) return
      waiting = waiting.subarray(read.bytes)
      respond(read.request, socket)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('the server has no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    stop: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

type ReadRequest = { readonly request: LeanRequest; readonly bytes: number }

/** Undefined while a part of it is on its way. */
function readRequest(bytes: Buffer): ReadRequest | undefined {
  const end = bytes.indexOf(headEnd)
  if (end < 0) return undefined
  const head = bytes.toString('latin1', 0, end)
  const header = (name: string) => headerIn(head, name)
  const bodyFrom = end + headEnd.byteLength
  const body =
    header('transfer-encoding') === 'chunked'
      ? chunkedBody(bytes, bodyFrom)
      : plainBody(bytes, bodyFrom, Number(header('content-length') ?? 0))
  if (body === undefined) return undefined
  const path = head.slice(head.indexOf(' ') + 1, head.indexOf(' HTTP/'))
  return { request: { path, header, body: body.bytes }, bytes: body.end }
}

type Body = { readonly bytes: Buffer; readonly end: number }

function plainBody(bytes: Buffer, from: number, length: number): Body | undefined {
  const end = from + length
  return bytes.byteLength < end ? undefined : { bytes: bytes.subarray(from, end), end }
}

function chunkedBody(bytes: Buffer, from: number): Body | undefined {
  const pieces: Buffer[] = []
  let at = from
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd < 0) return undefined
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16)
    const piece = plainBody(bytes, lineEnd + 2, size)
    if (piece === undefined || bytes.byteLength < piece.end + 2) return undefined
    at = piece.end + 2
    if (size === 0) return { bytes: Buffer.concat(pieces), end: at }
    pieces.push(piece.bytes)
  }
}

/** Names come as their sender spells them, mostly in lower case. */
function headerIn(head: string, name: string): string | undefined {
  const line = `\r\n${name}:`
  const exact = head.indexOf(line)
  const at = exact < 0 ? head.toLowerCase().indexOf(line) : exact
  if (at < 0) return undefined
  const from = at + line.length
  const end = head.indexOf('\r\n', from)
  return head.slice(from, end < 0 ? undefined : end).trim()
}
