/** Connections to hosts are kept, and what a host makes of one meanwhile goes unseen while a function is frozen. */
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeDialer } from '../../../src/adapters/hosts/dialer.ts'
import type { DialOutcome } from '../../../src/dispatch/ports.ts'

const answer = 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello'

let url: string
let heard: string[]
/** What becomes of a request, by the connection's number and the request's on it. */
let react: (socket: Socket, connection: number, request: number) => void
let stop: () => void

beforeEach(async () => {
  heard = []
  let connections = 0
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    connections += 1
    const connection = connections
    let requests = 0
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('data', () => {
      requests += 1
      heard.push(`${connection}.${requests}`)
      react(socket, connection, requests)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  url = `http://127.0.0.1:${address.port}/`
  stop = () => {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
})
afterEach(() => stop())

const order = () => ({
  url,
  headers: {},
  connectTimeoutMs: 2_000,
  headersTimeoutMs: 2_000,
  signal: AbortSignal.timeout(5_000),
})

async function read(outcome: DialOutcome): Promise<string> {
  return outcome.kind === 'answered' ? text(outcome.body) : outcome.reason
}

describe('a host that has ended the connection unseen', () => {
  const ends: [string, (socket: Socket) => void][] = [
    ['resets it', (socket) => void socket.resetAndDestroy()],
    ['closes it', (socket) => void socket.end()],
  ]
  test.each(ends)('and %s at the next request is asked on a new one', async (_, end) => {
    react = (socket, connection, request) => {
      if (connection === 1 && request === 2) end(socket)
      else socket.write(answer)
    }
    const { get } = makeDialer({ allowsLoopback: true })
    expect(await read(await get(order()))).toBe('hello')
    expect(await read(await get(order()))).toBe('hello')
    expect(heard).toEqual(['1.1', '1.2', '2.1'])
  })

  test('is not asked a third time: a new connection that ends is a failure', async () => {
    react = (socket, connection) => {
      if (connection === 1 && heard.length === 1) socket.write(answer)
      else socket.resetAndDestroy()
    }
    const { get } = makeDialer({ allowsLoopback: true })
    expect(await read(await get(order()))).toBe('hello')
    expect(await read(await get(order()))).toBe('connection_failed')
    expect(heard).toEqual(['1.1', '1.2', '2.1'])
  })
})
