// Calls that do not go well: what is worth another try gets a few, under one idempotency key, and the
// rest becomes a sentence with the code and the request id.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Desk, makeDesk } from './support/in-process.ts'
import { listen, listenUntilClosed } from './support/receipt-server.ts'

let desk: Desk
beforeEach(async () => {
  desk = await makeDesk()
  await desk.write('op.key', `op-b3iq-p1-${'k'.repeat(43)}\n`)
})
afterEach(() => desk.clear())

type Answer = (response: ServerResponse, request: IncomingMessage) => void

const account = { object: 'account', id: 'acct_1', name: 'Ada' }
const done: Answer = (response) => response.end(JSON.stringify(account))
const refused =
  (status: number, error: object): Answer =>
  (response) =>
    response.writeHead(status).end(JSON.stringify({ error: { message: 'No.', ...error } }))
const cut: Answer = (response) => response.destroy()

/** Answers one request after another, the last for ever. */
async function serve(...answers: Answer[]) {
  const asked: { key: string | undefined; method: string | undefined }[] = []
  const url = await listen((request, response) => {
    const answer = answers[Math.min(asked.length, answers.length - 1)]
    asked.push({ key: request.headers['idempotency-key']?.toString(), method: request.method })
    answer?.(response, request)
  })
  const target = ['--admin', url, '--operator-key-file', desk.at('op.key')]
  return {
    url,
    asked,
    create: () => desk.run('accounts', 'create', 'Ada', ...target),
    show: (...more: string[]) => desk.run('accounts', 'show', 'acct_1', ...more, ...target),
  }
}

describe('another try', () => {
  const busy = refused(503, { code: 'ledger_unavailable', retryable: true, retry_after_seconds: 5 })

  it('is made after the wait that the server asks for, under the same idempotency key', async () => {
    const { create, asked } = await serve(busy, busy, done)
    expect((await create()).code).toBe(0)
    expect(asked).toHaveLength(3)
    expect(new Set(asked.map(({ key }) => key))).toEqual(new Set(['cli-id-1']))
    expect(desk.waitsMs).toEqual([5000, 5000])
  })

  it('is not made where one is enough', async () => {
    const { show, asked } = await serve(busy)
    expect((await show('--tries', '1')).code).toBe(1)
    expect(asked).toHaveLength(1)
  })

  it('backs off by itself where the server names no wait', async () => {
    const { create } = await serve(refused(429, { code: 'rate_limit_exceeded', retryable: true }))
    expect((await create()).code).toBe(1)
    expect(desk.waitsMs).toEqual([250, 500, 1000])
  })

  it('is made where a platform in front of the application says later', async () => {
    const { show } = await serve((response) => response.writeHead(429).end('slow down'), done)
    expect((await show()).code).toBe(0)
  })

  it('is made where the connection broke', async () => {
    const { create, asked } = await serve(cut, done)
    expect((await create()).code).toBe(0)
    expect(new Set(asked.map(({ key }) => key)).size).toBe(1)
  })

  it('is not made of what the server calls final; a read needs no idempotency key', async () => {
    const { show, asked } = await serve(
      refused(404, { code: 'account_not_found', retryable: false }),
    )
    await show()
    expect(asked).toEqual([{ key: undefined, method: 'GET' }])
  })

  it('is not waited for longer than a minute and a half together', async () => {
    const later = { code: 'ledger_unavailable', retryable: true, retry_after_seconds: 3600 }
    const { create, asked } = await serve(refused(503, later))
    expect((await create()).code).toBe(1)
    expect(asked).toHaveLength(1)
  })

  it('is told on a terminal, and only there', async () => {
    const { url } = await serve(busy, done)
    const argv = ['accounts', 'show', 'a', '--admin', url, '--operator-key-file', desk.at('op.key')]
    const { err } = await desk.runWith({ isTerminal: true }, ...argv)
    expect(err).toBe('ledger_unavailable: trying again in 5 s\n')
  })
})

describe('the sentence', () => {
  it('holds the code and the request id, and its exit code is 1', async () => {
    const { show } = await serve(
      refused(404, { code: 'account_not_found', message: 'No account.', request_id: 'req-7' }),
    )
    expect(await show()).toEqual({
      code: 1,
      out: '',
      err: 'b3iq: No account. (account_not_found, request req-7)\n',
    })
  })

  it('says where the key came from when the key is the trouble', async () => {
    const { show } = await serve(refused(401, { code: 'invalid_operator_key' }))
    expect((await show()).err).toContain('Here the key comes from --operator-key-file')
  })

  it('says how to make a change once of which nobody knows whether it was made', async () => {
    const { create } = await serve(cut)
    const { code, err } = await create()
    expect(code).toBe(2)
    expect(err).toContain('the same command with --idempotency-key cli-id-1 does it at most once')
  })

  it.each<[string, Answer, RegExp]>([
    [
      'no B3IQ',
      (response) => response.writeHead(500).end('<html>'),
      /answered 500 and not as B3IQ/,
    ],
    [
      'no JSON',
      (response) => response.end('<html>'),
      /answered and not as B3IQ does: check --admin/,
    ],
    [
      'a redirect',
      (response) => response.writeHead(302, { location: 'https://example.com' }).end(),
      /did not answer: .*redirect/,
    ],
  ])('of %s', async (_, answer, message) => {
    const { code, out, err } = await (await serve(answer)).show()
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toMatch(message)
  })

  it('of nobody there', async () => {
    const { url, close } = await listenUntilClosed()
    await close()
    const argv = ['--admin', url, '--operator-key-file', desk.at('op.key')]
    const { code, err } = await desk.run('accounts', 'list', ...argv)
    expect(code).toBe(2)
    expect(err).toMatch(/cannot be reached: .*ECONNREFUSED.*\. Start it or check --admin\.\n$/)
    expect(desk.waitsMs).toEqual([])
  })

  it('lets no text of a server drive the terminal', async () => {
    const { show } = await serve(refused(404, { code: 'account_not_found', message: '\u{1b}[2J' }))
    expect((await show()).err).not.toContain('\u{1b}')
  })
})

describe('a list', () => {
  const row = (id: number) => ({ object: 'account', id: `acct_${id}`, name: 'Ada' })
  const pages: Answer = (response, { url = '' }) => {
    const query = new URL(url, 'http://a').searchParams
    const from = Number(query.get('after') ?? 0)
    const to = Math.min(250, from + Number(query.get('limit') ?? 100))
    const data = Array.from({ length: to - from }, (_, at) => row(from + at))
    const next = to < 250 ? String(to) : null
    response.end(JSON.stringify({ object: 'list', data, has_more: next !== null, next }))
  }
  const argvOf = (url: string) => ['--admin', url, '--operator-key-file', desk.at('op.key')]

  it('is one document of all its pages', async () => {
    const { url, asked } = await serve(pages)
    const { out } = await desk.run('accounts', 'list', '--json', ...argvOf(url))
    const { data, ...rest } = JSON.parse(out)
    expect(rest).toEqual({ object: 'list', has_more: false, next: null })
    expect(data).toHaveLength(250)
    expect(asked).toHaveLength(3)
  })

  it('ends at --limit, and says that there is more', async () => {
    const { url } = await serve(pages)
    const { out } = await desk.run('accounts', 'list', '--limit', '120', ...argvOf(url))
    expect(out.split('\n')).toHaveLength(124)
    expect(out).toContain('There is more: raise --limit.')
  })

  it('that runs in a circle is left', async () => {
    const { url } = await serve((response) =>
      response.end(JSON.stringify({ data: [row(1)], has_more: true, next: 'x' })),
    )
    const { code, err } = await desk.run('accounts', 'list', ...argvOf(url))
    expect(code).toBe(2)
    expect(err).toContain('The list does not go on')
  })

  it('shows how far it is to someone who waits, and to nobody else', async () => {
    const { url } = await serve(pages)
    let nowMs = 0
    const slow = {
      nowMs: () => {
        nowMs += 400
        return nowMs
      },
    }
    const watched = await desk.runWith(
      { ...slow, isTerminal: true },
      'accounts',
      'list',
      ...argvOf(url),
    )
    expect(watched.err).toMatch(/^\d00 so far\n/)
    const piped = await desk.runWith(slow, 'accounts', 'list', ...argvOf(url))
    expect(piped.err).toBe('')
  })
})
