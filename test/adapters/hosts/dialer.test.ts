/** The dialer on real sockets: what it refuses to call, and how every wait on a host ends. */
import { getEventListeners, once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTcpServer, type Server as TcpServer } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { makeDialer } from '../../../src/adapters/hosts/dialer.ts'
import type { DialOrder } from '../../../src/dispatch/ports.ts'

const dialer = makeDialer({ allowsLoopback: true })
const deployed = makeDialer({ allowsLoopback: false })

const stops: (() => void)[] = []
afterEach(() => {
  for (const stop of stops.splice(0)) stop()
})

async function portOf(server: Server | TcpServer): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  return address.port
}

async function startServer(listener: RequestListener) {
  const server = createServer(listener)
  let connections = 0
  server.on('connection', () => {
    connections += 1
  })
  const port = await portOf(server)
  stops.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${port}/path`, port, connections: () => connections }
}

const order = (url: string, changes: Partial<DialOrder> = {}): DialOrder => ({
  url,
  headers: { 'x-test': 'yes' },
  body: Buffer.from('{"grüße":1}'),
  connectTimeoutMs: 2_000,
  headersTimeoutMs: 2_000,
  signal: new AbortController().signal,
  ...changes,
})

async function answered(outcome: ReturnType<typeof dialer.post>) {
  const result = await outcome
  if (result.kind === 'failed') throw new Error(result.reason)
  return result
}

describe('a call', () => {
  test('carries method, headers and body, and brings status, headers and body back', async () => {
    const { url } = await startServer(async (request, response) => {
      const { method, headers } = request
      const sent = [method, headers['x-test'], headers['content-length'], await text(request)]
      response.setHeader('X-Many', ['a', 'b'])
      response.writeHead(418).end(JSON.stringify(sent))
    })
    const posted = await answered(dialer.post(order(url)))
    expect(posted).toMatchObject({ status: 418, headers: { 'x-many': 'a, b' } })
    const body = Buffer.concat(await Array.fromAsync(posted.body)).toString('utf8')
    expect(JSON.parse(body)).toEqual(['POST', 'yes', '13', '{"grüße":1}'])
    const got = await answered(dialer.get(order(url)))
    const empty = Buffer.concat(await Array.fromAsync(got.body)).toString('utf8')
    expect(JSON.parse(empty)).toEqual(['GET', 'yes', null, ''])
  })

  test('uses a connection again once a body was read', async () => {
    const { url, connections } = await startServer((_, response) => response.end('x'))
    for (const _ of [1, 2, 3]) {
      const { body } = await answered(dialer.post(order(url)))
      await Array.fromAsync(body)
    }
    expect(connections()).toBe(1)
  })

  test('does not follow a redirect', async () => {
    const elsewhere = await startServer((_, response) => response.end())
    const { url } = await startServer((_, response) =>
      response.writeHead(307, { location: elsewhere.url }).end(),
    )
    expect(await answered(dialer.post(order(url)))).toMatchObject({
      status: 307,
      headers: { location: elsewhere.url },
    })
    expect(elsewhere.connections()).toBe(0)
  })
})

describe('an address that is never dialled', () => {
  test.each([
    'http://127.0.0.1:1',
    'https://127.0.0.1:1',
    'https://[::1]:1',
    'https://2130706433',
    'https://2852039166/latest/meta-data',
    'https://0.0.0.0',
    'https://10.0.0.1',
    'https://192.168.1.1',
    'https://169.254.169.254/latest/meta-data',
    'https://[fd00::1]',
    'https://[::ffff:10.0.0.1]',
    'http://host.example.net',
    'ftp://host.example.net',
  ])('%s', async (url) => {
    expect(await deployed.get(order(url))).toEqual({ kind: 'failed', reason: 'route_not_allowed' })
    expect(await deployed.post(order(url))).toEqual({ kind: 'failed', reason: 'route_not_allowed' })
  })

  test('by a name that leads there', async () => {
    const { port, connections } = await startServer((_, response) => response.end())
    expect(await deployed.post(order(`https://localhost:${port}`))).toEqual({
      kind: 'failed',
      reason: 'route_not_allowed',
    })
    expect(connections()).toBe(0)
  })

  test.each(['https://10.0.0.1', 'http://10.0.0.1', 'http://host.example.net'])(
    'on a laptop either: %s',
    async (url) => {
      expect(await dialer.post(order(url))).toMatchObject({ reason: 'route_not_allowed' })
    },
  )
})

describe('a wait', () => {
  test('for a connection has an end, its handshake included', async () => {
    const mute = createTcpServer((socket) => stops.push(() => socket.destroy()))
    stops.push(() => mute.close())
    const url = `https://127.0.0.1:${await portOf(mute)}`
    expect(await dialer.post(order(url, { connectTimeoutMs: 100 }))).toEqual({
      kind: 'failed',
      reason: 'connect_timeout',
    })
  })

  test('for headers has an end', async () => {
    const { url } = await startServer(() => undefined)
    expect(await dialer.post(order(url, { headersTimeoutMs: 100 }))).toEqual({
      kind: 'failed',
      reason: 'headers_timeout',
    })
  })

  test('for headers is not the wait for a connection', async () => {
    const { url } = await startServer((_, response) => setTimeout(() => response.end(), 200))
    expect(await dialer.post(order(url, { connectTimeoutMs: 100 }))).toMatchObject({ status: 200 })
  })

  test('for a body is the business of its reader', async () => {
    const { url } = await startServer((_, response) => {
      response.writeHead(200).flushHeaders()
      setTimeout(() => response.end('late'), 200)
    })
    const short = { connectTimeoutMs: 100, headersTimeoutMs: 100 }
    const { body } = await answered(dialer.post(order(url, short)))
    expect(Buffer.concat(await Array.fromAsync(body)).toString()).toBe('late')
  })
})

describe('an abort', () => {
  test('before the call starts nothing', async () => {
    const { url, connections } = await startServer((_, response) => response.end())
    const outcome = await dialer.post(order(url, { signal: AbortSignal.abort() }))
    expect(outcome).toEqual({ kind: 'failed', reason: 'aborted' })
    expect(connections()).toBe(0)
  })

  test('ends the wait for headers', async () => {
    const aborter = new AbortController()
    const { url } = await startServer(() => aborter.abort())
    expect(await dialer.post(order(url, { signal: aborter.signal }))).toEqual({
      kind: 'failed',
      reason: 'aborted',
    })
  })

  test('ends a body, for its reader and for its sender', async () => {
    const aborter = new AbortController()
    let closed: Promise<unknown> = Promise.resolve()
    const { url } = await startServer((_, response) => {
      closed = once(response, 'close')
      response.write('first')
    })
    const { body } = await answered(dialer.post(order(url, { signal: aborter.signal })))
    const read = (async () => {
      for await (const _ of body) aborter.abort()
    })()
    await expect(read).rejects.toThrow()
    await closed
  })

  test('after the end harms nothing, because nobody listens', async () => {
    const { url, connections } = await startServer((_, response) => response.end('x'))
    for (const _ of [1, 2]) {
      const aborter = new AbortController()
      const { body } = await answered(dialer.post(order(url, { signal: aborter.signal })))
      await Array.fromAsync(body)
      await delay(5)
      expect(getEventListeners(aborter.signal, 'abort')).toEqual([])
      aborter.abort()
    }
    expect(connections()).toBe(1)
  })
})

describe('a connection that fails', () => {
  test('is told apart from one that is refused by us', async () => {
    const { port } = await startServer(() => undefined)
    for (const stop of stops.splice(0)) stop()
    expect(await dialer.post(order(`http://127.0.0.1:${port}`))).toEqual({
      kind: 'failed',
      reason: 'connection_failed',
    })
  })

  test('during the body breaks the body', async () => {
    const { url } = await startServer((_, response) => {
      response.write('first')
      setTimeout(() => response.destroy(), 20)
    })
    const { body } = await answered(dialer.post(order(url)))
    await expect(Array.fromAsync(body)).rejects.toThrow()
  })
})
