// Over real sockets: what keeps, what breaks and what is bounded.
import { createServer, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { makeConnection } from '../../../src/adapters/aws/connection.ts'
import { startTlsHost } from '../../support/tls-host.ts'

const stops: (() => void)[] = []
afterEach(() => {
  for (const stop of stops.splice(0)) stop()
})

const replyOf = (body: string) => `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`

/** `onRequest` gets each request as it came in one piece, and the count of those of its socket. */
async function serverThat(onRequest: (socket: Socket, request: string, index: number) => void) {
  const sockets = new Set<Socket>()
  let opened = 0
  const server = createServer((socket) => {
    opened += 1
    sockets.add(socket)
    let index = 0
    socket.on('error', () => undefined)
    socket.on('data', (bytes) => onRequest(socket, String(bytes), index++))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (typeof address !== 'object' || !address) throw new Error('the server listens')
  const url = new URL(`http://127.0.0.1:${address.port}`)
  stops.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const open = (bounds?: Parameters<typeof makeConnection>[1]) => {
    const connection = makeConnection(url, bounds)
    stops.push(connection.close)
    return connection
  }
  return { open, opened: () => opened }
}

const lost = (name: string) => ({ name, status: undefined })

describe('a request', () => {
  test('leaves whole in one piece, with the bytes of its body counted', async () => {
    const requests: string[] = []
    const { open } = await serverThat((socket, request) => {
      requests.push(request)
      socket.write(replyOf('{}'))
    })
    const { status, body } = await open().post(['host', 'there'], '{"a":"ä"}')
    expect([status, body.toString()]).toEqual([200, '{}'])
    const head = 'POST / HTTP/1.1\r\nhost: there\r\ncontent-length: 10\r\n\r\n'
    expect(requests).toEqual([`${head}{"a":"ä"}`])
  })

  test('takes the connection of the one before, or another beside it', async () => {
    const { open, opened } = await serverThat((socket) => void socket.write(replyOf('{}')))
    const { post } = open()
    await post([], '{}')
    await post([], '{}')
    expect(opened()).toBe(1)
    await Promise.all([post([], '{}'), post([], '{}'), post([], '{}')])
    expect(opened()).toBe(3)
  })

  test('waits its turn where there are as many sockets as there may be', async () => {
    let underWay = 0
    let most = 0
    const { open, opened } = await serverThat(async (socket, request) => {
      most = Math.max(most, ++underWay)
      await delay(5)
      underWay -= 1
      socket.write(replyOf(request.slice(-1)))
    })
    const { post } = open({ sockets: 2 })
    const answers = await Promise.all(['1', '2', '3', '4', '5'].map((one) => post([], one)))
    expect(answers.map(({ body }) => body.toString())).toEqual(['1', '2', '3', '4', '5'])
    expect([most, opened()]).toEqual([2, 2])
  })
})

describe('a request is lost, and sent to nobody else', () => {
  test.each<[string, (socket: Socket) => void]>([
    ['without a word', (socket) => socket.destroy()],
    ['with a reset', (socket) => socket.resetAndDestroy()],
    ['in the head of the reply', (socket) => socket.end('HTTP/1.1 200 O')],
    ['in its body', (socket) => socket.end(replyOf('{"a":1}').slice(0, -2))],
  ])('when its connection ends %s', async (_, end) => {
    let requests = 0
    const { open, opened } = await serverThat((socket) => {
      requests += 1
      end(socket)
    })
    await expect(open().post([], '{}')).rejects.toMatchObject(lost('ConnectionError'))
    expect([requests, opened()]).toEqual([1, 1])
  })

  test('when a kept connection ends under it, and the next one opens another', async () => {
    const { open, opened } = await serverThat((socket, _, index) => {
      if (index === 0) socket.write(replyOf('{}'))
      else socket.destroy()
    })
    const { post } = open()
    await post([], '{}')
    await expect(post([], '{}')).rejects.toMatchObject(lost('ConnectionError'))
    expect(opened()).toBe(1)
    expect((await post([], '{}')).status).toBe(200)
    expect(opened()).toBe(2)
  })

  test.each([
    ['garbage', 'SSH-2.0-OpenSSH\r\n\r\n'],
    ['more bytes than there may be', replyOf('x'.repeat(101))],
    ['more than it announced', `${replyOf('{}')}HTTP/1.1`],
  ])('when the reply is %s', async (_, reply) => {
    const { open } = await serverThat((socket) => void socket.write(reply))
    const posted = open({ replyBytes: 100 }).post([], '{}')
    await expect(posted).rejects.toMatchObject(lost('UnreadableReply'))
  })

  test('when nobody listens', async () => {
    const { post } = makeConnection(new URL('http://127.0.0.1:1'))
    await expect(post([], '{}')).rejects.toMatchObject(lost('ConnectionError'))
  })

  test('when no reply comes in time; its connection is given up', async () => {
    const { open, opened } = await serverThat((socket, request) => {
      if (request.endsWith('answer')) socket.write(replyOf('{}'))
    })
    const { post } = open({ requestMs: 50 })
    await expect(post([], 'silence')).rejects.toMatchObject(lost('TimeoutError'))
    expect((await post([], 'answer')).status).toBe(200)
    expect(opened()).toBe(2)
  })

  test('when its turn does not come in time: it never leaves', async () => {
    const requests: string[] = []
    const { open } = await serverThat((_, request) => void requests.push(request.slice(-1)))
    const { post } = open({ sockets: 1, requestMs: 50 })
    const both = await Promise.allSettled([post([], '1'), post([], '2')])
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(requests).toEqual(['1'])
  })

  test('when the connection is closed under it', async () => {
    const { open } = await serverThat(() => undefined)
    const { post, close } = open()
    const posted = post([], '{}')
    close()
    await expect(posted).rejects.toMatchObject(lost('ConnectionError'))
  })
})

test('over TLS, nobody is spoken to whose certificate nobody vouches for', async () => {
  const host = await startTlsHost('host')
  const { post, close } = makeConnection(new URL(host.url))
  await expect(post([], '{}')).rejects.toMatchObject({
    ...lost('ConnectionError'),
    message: expect.stringContaining('self-signed certificate'),
  })
  expect(host.decryptedBytes()).toBe(0)
  close()
  await host.stop()
})
