import { Agent, createServer, type ServerResponse } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { portOf } from '../../apps/host/support/fake-runtime.ts'
import { type Asking, ask } from './ask.ts'

const agent = new Agent()
const summary = { receipt_hash: 'r', cost_usd: '0.1', salt: 's', retries: 0 }
const says = (content: string, extra: object = {}) =>
  `data: ${JSON.stringify({ choices: [{ delta: { content } }], ...extra })}\n\n`
const done = 'data: [DONE]\n\n'
const failed = says('', { error: { code: 'upstream_error' } })

let close = () => undefined as unknown

afterEach(async () => {
  await close()
})

async function askOf(answer: (response: ServerResponse) => void, changes: Partial<Asking> = {}) {
  const server = createServer((request, response) => {
    request.resume()
    response.setHeader('x-request-id', 'req_1')
    answer(response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  close = () => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  }
  const gatewayUrl = `http://127.0.0.1:${portOf(server)}`
  return ask({ gatewayUrl, agent, token: 't', body: { stream: true }, ...changes })
}

const streams =
  (...frames: readonly string[]) =>
  (response: ServerResponse): void => {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
    response.end(frames.join(''))
  }

describe('a streamed reply', () => {
  test('is done with its [DONE] and its summary', async () => {
    const heard = await askOf(streams(says(' one~a'), says(' two~a', { b3iq: summary }), done))
    expect(heard).toMatchObject({
      end: 'done',
      requestId: 'req_1',
      marks: ['a'],
      receiptHash: 'r',
      costUsd: '0.1',
      salt: 's',
    })
    expect(heard.firstContentMs).toBeGreaterThanOrEqual(0)
  })

  test('tells of every host that had a word in it', async () => {
    const heard = await askOf(streams(says(' one~a two~b', { b3iq: summary }), done))
    expect(heard.marks).toEqual(['a', 'b'])
  })

  test('may end in an error with a code', async () => {
    expect(await askOf(streams(says(' one~a'), failed))).toMatchObject({
      end: 'error',
      code: 'upstream_error',
    })
  })

  test.each([
    ['it just ends', [says(' one~a')]],
    ['its summary is missing', [says(' one~a'), done]],
    ['its error is followed by [DONE]', [failed, done]],
  ])('is broken where %s', async (_, frames) => {
    expect(await askOf(streams(...frames))).toMatchObject({ end: 'broken', textSha256: null })
  })

  test('is broken where the connection is', async () => {
    const heard = await askOf((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(says(' one~a'), () => response.destroy())
    })
    expect(heard.end).toBe('broken')
  })

  test('is left, and not broken, where the client went away', async () => {
    const leaving = new AbortController()
    const heard = await askOf(
      (response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        response.write(says(' one~a'))
      },
      { leave: leaving.signal, onContent: () => leaving.abort() },
    )
    expect(heard).toMatchObject({ end: 'left', cause: null })
  })
})

describe('a reply as one object', () => {
  const sends = (status: number, body: object | string) => (response: ServerResponse) => {
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  }

  test('is whole with its text and its summary', async () => {
    const body = { choices: [{ message: { content: ' one~a' } }], b3iq: summary }
    expect(await askOf(sends(200, body))).toMatchObject({ end: 'json', marks: ['a'] })
  })

  test('may be an error with a code', async () => {
    const body = { error: { code: 'no_eligible_host' } }
    expect(await askOf(sends(503, body))).toMatchObject({ end: 'error', code: 'no_eligible_host' })
  })

  test.each([
    ['an error without a code', 500, { message: 'Internal Server Error' }],
    ['an answer without a summary', 200, { choices: [] }],
    ['an error with status 200', 200, { error: { code: 'upstream_error' } }],
    ['no JSON', 502, 'Bad Gateway'],
  ])('is broken as %s', async (_, status, body) => {
    expect((await askOf(sends(status, body))).end).toBe('broken')
  })
})
