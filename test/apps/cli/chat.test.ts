// Answers that do not end as they should: what came is printed, what happened is said in one sentence.
import type { ServerResponse } from 'node:http'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type Desk, makeDesk } from './support/in-process.ts'
import { listen } from './support/receipt-server.ts'

let desk: Desk
beforeEach(async () => {
  desk = await makeDesk()
  await desk.write('api.key', `sk-b3iq-p1-${'k'.repeat(43)}`)
})
afterEach(() => desk.clear())

const event = (data: unknown) =>
  `data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`
const says = (content: string) => event({ choices: [{ delta: { content } }] })
const cost = event({
  choices: [],
  b3iq: { receipt_hash: 'f'.repeat(64), cost_usd: '0.01', salt: 's' },
})

const modelOf = (id: string) =>
  id === 'vectors'
    ? { id, architecture: { input_modalities: ['text'], output_modalities: ['embeddings'] } }
    : { id }

type Answer = (response: ServerResponse) => void

/** A gateway whose streams are `answer`; what was asked of it besides is listed. */
async function gateway(answer: Answer, models: readonly string[] = ['a']) {
  const asked: string[] = []
  const url = await listen((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    if (request.url === '/v1/models') {
      response.end(JSON.stringify({ object: 'list', data: models.map(modelOf) }))
    } else if (request.url === '/v1/chat/completions') {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'x-request-id': 'REQ' })
      answer(response)
    } else {
      response.end('{"object":"request.cancellation"}')
    }
  })
  return { asked, argv: ['chat', 'Tell me.', '--gateway', url, '--key-file', desk.at('api.key')] }
}

it('an error after first content: its words, and what was delivered is charged', async () => {
  const error = { code: 'upstream_error', message: 'The host failed.' }
  const { argv } = await gateway((response) =>
    response.end(says('One') + event({ choices: [{ delta: {} }], error }) + cost),
  )
  expect(await desk.run(...argv)).toMatchObject({
    code: 1,
    out: 'One\n',
    err: expect.stringMatching(
      /^charge 0\.01 USD\nreceipt f{64}\n[\s\S]*The host failed\. \(upstream_error\)\n$/,
    ),
  })
})

it.each<[string, Answer, RegExp]>([
  ['without an end', (response) => response.end(says('One')), /broke off before its end/],
  [
    'with a broken connection',
    (response) => response.write(says('One'), () => response.destroy()),
    /The answer broke off: .* What was delivered is charged; .*request REQ/,
  ],
  [
    'that is not ours',
    (response) => response.end(says('One') + event('<html>')),
    /not one of B3IQ/,
  ],
])('an answer %s', async (_, answer, message) => {
  const { argv } = await gateway(answer)
  const { code, out, err } = await desk.run(...argv)
  expect(code).toBe(1)
  expect(out).toMatch(/^One/)
  expect(err).toMatch(message)
})

it('Ctrl-C cancels by the id of the request, because the gateway may not see it', async () => {
  const stop = new AbortController()
  const { argv, asked } = await gateway((response) => response.write(says('One')))
  const surroundings = {
    interrupted: () => stop.signal,
    writeOut: (text: string) => void (text === 'One' && stop.abort()),
  }
  const { code, err } = await desk.runWith(surroundings, ...argv)
  expect(code).toBe(1)
  expect(err).toContain('Cancelled: b3iq usage shows what was charged (request REQ).')
  expect(asked).toContain('POST /v1/requests/REQ/cancel')
})

it('Ctrl-C before there is an answer makes no other try', async () => {
  const stop = new AbortController()
  let tries = 0
  const url = await listen(() => {
    tries += 1
    stop.abort()
  })
  const argv = ['chat', 'x', '--model', 'a', '--gateway', url, '--key-file', desk.at('api.key')]
  const { code, err } = await desk.runWith({ interrupted: () => stop.signal }, ...argv)
  expect({ code, tries }).toEqual({ code: 2, tries: 1 })
  expect(err).toContain('Stopped before the gateway had given the request an id')
})

it.each([
  [['a'], 0, ''],
  [[], 1, 'Nothing is on sale at'],
  [['a', 'b'], 2, 'Name one of 2 models with --model, such as a, b.'],
  [['a', 'vectors'], 0, ''],
])('with %j on sale and no --model', async (models, code, message) => {
  const { argv } = await gateway((response) => response.end(says('One') + event('[DONE]')), models)
  const run = await desk.run(...argv)
  expect(run.code).toBe(code)
  expect(run.err).toContain(message)
})
