// What comes over a wire comes in any pieces: a reply is the same whole one, or an error.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type HttpReply, makeReplyReader } from '../../../src/adapters/aws/http-reply.ts'

const bodyBytesMax = 1_000

/** Feeds the bytes in pieces, each as long as the next of `cuts` says. */
function readIn(text: string, cuts: readonly number[] = []): HttpReply | undefined {
  const read = makeReplyReader(bodyBytesMax)
  const bytes = Buffer.from(text, 'utf8')
  let reply: HttpReply | undefined
  for (let at = 0, cut = 0; at < bytes.length; cut += 1) {
    const length = cuts[cut] ?? bytes.length
    expect(reply).toBeUndefined()
    reply = read(bytes.subarray(at, at + length))
    at += length
  }
  return reply
}

const byLength = 'HTTP/1.1 200 OK\r\nContent-Length: 7\r\nDate: now\r\n\r\n{"a":1}'
const inChunks =
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{"a\r\n4;x=y\r\n":1}\r\n0\r\nt: 1\r\n\r\n'

describe('a reply is read', () => {
  test.each([
    ['by its length', byLength],
    ['in chunks', inChunks],
  ])('%s, in whatever pieces it comes', (_, text) => {
    const cuts = fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 100 })
    fc.assert(
      fc.property(cuts, (pieces) => {
        const reply = readIn(text, pieces)
        expect(reply?.status).toBe(200)
        expect(reply?.body.toString()).toBe('{"a":1}')
      }),
    )
  })

  test('with its headers in lower case', () => {
    expect(readIn(byLength)?.headers).toEqual({ 'content-length': '7', date: 'now' })
  })

  test('without a body', () => {
    expect(readIn('HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n')).toMatchObject({
      status: 503,
      body: Buffer.alloc(0),
    })
  })

  test.each([
    ['HTTP/1.1 200 OK', '', true],
    ['HTTP/1.1 200 OK', 'connection: keep-alive\r\n', true],
    ['HTTP/1.1 200 OK', 'Connection: Close\r\n', false],
    ['HTTP/1.0 200 OK', '', false],
  ])('%s, %j: its connection goes on: %s', (line, header, keepsOpen) => {
    expect(readIn(`${line}\r\n${header}content-length: 0\r\n\r\n`)).toMatchObject({ keepsOpen })
  })
})

describe('no reply is made of', () => {
  const head = 'HTTP/1.1 200 OK\r\n'
  test.each([
    ['another protocol', 'SSH-2.0-OpenSSH\r\n\r\n'],
    ['a provisional status', 'HTTP/1.1 100 Continue\r\n\r\n'],
    ['a line without a colon', `${head}nonsense\r\ncontent-length: 0\r\n\r\n`],
    ['a body that ends with its connection', `${head}\r\n{}`],
    [
      'two ways to tell the length',
      `${head}content-length: 2\r\ntransfer-encoding: gzip\r\n\r\n{}`,
    ],
    ['a length that is none', `${head}content-length: -1\r\n\r\n`],
    ['a length beyond the bound', `${head}content-length: 1001\r\n\r\n`],
    ['more than was announced', `${head}content-length: 2\r\n\r\n{}{}`],
    ['a chunk without a size', `${head}transfer-encoding: chunked\r\n\r\nxyz\r\n`],
    ['chunks beyond the bound', `${head}transfer-encoding: chunked\r\n\r\n3e9\r\n`],
    ['bytes behind the last chunk', `${head}transfer-encoding: chunked\r\n\r\n0\r\n\r\nmore`],
    ['a head without an end', `${head}a: ${'b'.repeat(40_000)}`],
  ])('%s', (_, text) => {
    expect(() => readIn(text)).toThrow(/^(it|its|a) /)
  })
})
