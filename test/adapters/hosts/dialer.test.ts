/** The dialer on real sockets: what it refuses to call, and how every wait on a host ends. */
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { makeDialer } from '../../../src/adapters/hosts/dialer.ts'
import type { DialOrder } from '../../../src/dispatch/ports.ts'

const local = makeDialer({ allowsLoopback: true })
const deployed = makeDialer({ allowsLoopback: false })
const servers: { close: () => unknown; closeAllConnections?: () => void }[] = []

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections?.()
    server.close()
  }
})

async function serve(listener: RequestListener): Promise<string> {
  const server: Server = createServer(listener)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/v1`
}

const order = (url: string, change: Partial<DialOrder> = {}): DialOrder => ({
  url,
  headers: { 'content-type': 'application/json' },
  body: Buffer.from('{}'),
  connectTimeoutMs: 1_000,
  headersTimeoutMs: 1_000,
  signal: new AbortController().signal,
  ...change,
})

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

describe('what is never called', () => {
  test.each([
    ['loopback, outside stage local', 'http://127.0.0.1:9/'],
    ['loopback by https', 'https://127.0.0.1:9/'],
    ['loopback by name: judged by what it resolves to', 'https://localhost:9/'],
    ['plain http to anywhere', 'http://example.com/'],
    ['a private address', 'https://10.0.0.1/'],
    ['the metadata address', 'https://169.254.169.254/latest/meta-data/'],
    ['the metadata address as one number', 'https://2852039166/'],
    ['loopback in IPv6', 'https://[::1]/'],
    ['loopback mapped into IPv6', 'https://[::ffff:127.0.0.1]/'],
    ['an address that means every interface', 'https://0.0.0.0/'],
    ['another scheme', 'ftp://example.com/'],
  ])('%s', async (_, url) => {
    expect(await deployed.post(order(url))).toEqual({ kind: 'failed', reason: 'route_not_allowed' })
  })

  test('plain http stays forbidden in stage local for everything but this machine', async () => {
    const outcome = await local.get(order('http://192.168.0.1/'))
    expect(outcome).toEqual({ kind: 'failed', reason: 'route_not_allowed' })
  })
})

describe('an answer', () => {
  test('comes with status, lower-case headers and a body to read', async () => {
    const url = await serve((request, response) => {
      response.writeHead(200, { 'X-Seen': `${request.method} ${request.headers['b3iq-ticket']}` })
      request.pipe(response)
    })
    const body = Buffer.from('{"hello":"host"}')
    const headers = { 'b3iq-ticket': 'abc' }
    const outcome = await local.post(order(url, { body, headers }))
    if (outcome.kind !== 'answered') throw new Error(outcome.reason)
    expect(outcome.status).toBe(200)
    expect(outcome.headers['x-seen']).toBe('POST abc')
    expect(await textOf(outcome.body)).toBe('{"hello":"host"}')
  })

  test('that redirects is not followed', async () => {
    let calls = 0
    const url = await serve((_, response) => {
      calls += 1
      response.writeHead(302, { location: '/elsewhere' }).end()
    })
    expect(await local.get(order(url))).toMatchObject({ kind: 'answered', status: 302 })
    expect(calls).toBe(1)
  })

  test('may come over a connection that an earlier one used', async () => {
    const ports = new Set<number | undefined>()
    const url = await serve((request, response) => {
      ports.add(request.socket.remotePort)
      response.end('ok')
    })
    for (let call = 0; call < 3; call += 1) {
      const outcome = await local.get(order(url))
      if (outcome.kind === 'answered') await textOf(outcome.body)
    }
    expect(ports.size).toBe(1)
  })
})

describe('a wait that ends', () => {
  test('when nobody listens', async () => {
    const outcome = await local.post(order('http://127.0.0.1:1/'))
    expect(outcome).toEqual({ kind: 'failed', reason: 'connection_failed' })
  })

  test('when the host is connected but says nothing', async () => {
    const url = await serve(() => undefined)
    const outcome = await local.post(order(url, { headersTimeoutMs: 50 }))
    expect(outcome).toEqual({ kind: 'failed', reason: 'headers_timeout' })
  })

  test('when TLS is never completed: a connection is made only with it', async () => {
    const silent = createTcpServer()
    servers.push(silent)
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', () => resolve()))
    const address = silent.address()
    const port = typeof address === 'object' && address ? address.port : 0
    const url = `https://127.0.0.1:${port}/`
    const outcome = await local.post(order(url, { connectTimeoutMs: 50, headersTimeoutMs: 5_000 }))
    expect(outcome).toEqual({ kind: 'failed', reason: 'connect_timeout' })
  })

  test('when the host hangs up before it answers', async () => {
    const url = await serve((request) => request.socket.destroy())
    const outcome = await local.post(order(url))
    expect(outcome).toEqual({ kind: 'failed', reason: 'connection_failed' })
  })

  test('before it began, when the caller had already given up', async () => {
    const url = await serve((_, response) => response.end())
    const outcome = await local.post(order(url, { signal: AbortSignal.abort() }))
    expect(outcome).toEqual({ kind: 'failed', reason: 'aborted' })
  })

  test('in the middle of a body, when the caller gives up: the host sees it at once', async () => {
    const closed = Promise.withResolvers<void>()
    const url = await serve((_, response) => {
      response.write('first')
      response.once('close', closed.resolve)
    })
    const caller = new AbortController()
    const outcome = await local.post(order(url, { signal: caller.signal }))
    if (outcome.kind !== 'answered') throw new Error(outcome.reason)
    const reading = textOf(outcome.body)
    setTimeout(() => caller.abort(), 20)
    await expect(reading).rejects.toThrow()
    await closed.promise
  })
})
