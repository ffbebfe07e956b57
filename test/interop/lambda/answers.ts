/** What a function URL is asked for goes through the adapter to the gateway, and its answer comes back whole. */
import { describe, expect, test } from 'vitest'
import { chatPath, completionOf, errorOf, streamOf } from '../../support/chat-client.ts'
import { formOf } from '../../support/document-client.ts'
import { answersDocuments } from '../../support/document-host.ts'
import { soldAs, wavOf } from '../../support/documents-on-sale.ts'
import { answers, counts, finishes, makeLatch, says, streams } from '../../support/host-answers.ts'
import { type GatewayWorld, responseOf } from './gateway-world.ts'

export function describeAnswers(world: () => GatewayWorld): void {
  const sandbox = () => world().sandbox

  test('the adapter is an extension without events, and asks for the first one when we are ready', () => {
    expect([...sandbox().api.extensions()]).toEqual([['lambda-adapter', '{ "events": [] }']])
    expect(sandbox().output()).toContain('"gateway_ready"')
  })

  test('a whole answer: status, headers and body', async () => {
    const invocation = await sandbox().ask({ method: 'GET', path: '/v1/models' })
    expect(await invocation.ended()).toEqual({ kind: 'answered', trailers: {} })
    expect(invocation.responseMode()).toBe('streaming')
    expect(await invocation.head()).toMatchObject({
      statusCode: 200,
      headers: { 'content-type': 'application/json', 'x-request-id': expect.any(String) },
    })
    expect(JSON.parse(invocation.body())).toMatchObject({ object: 'list' })
  })

  test('a stream, word by word: none waits for the next one', async () => {
    const words = ['one ', 'two ', 'three']
    const latches = words.map(makeLatch)
    async function* frames() {
      for (const [index, word] of words.entries()) {
        await latches[index]?.opened
        yield says(word)
      }
      yield finishes()
      yield counts(9, 3)
    }
    const { model } = await world().bench.sale([answers({ frames: frames() })])
    const customer = await world().bench.customer()
    const invocation = await sandbox().chat(customer, { model: model.id, stream: true })
    for (const [index, word] of words.entries()) {
      latches[index]?.open()
      // The host does not say the next word until this one has arrived here.
      await invocation.says(word)
      expect(invocation.isOver()).toBe(false)
    }
    const response = await responseOf(invocation)
    expect(response.headers.get('x-b3iq-retries')).toBe('0')
    expect(await streamOf(response)).toMatchObject({ text: 'one two three', isDone: true })
  })

  test('a completion as one object', async () => {
    const { model } = await world().bench.sale([streams(['Hello', ' world'])])
    const customer = await world().bench.customer()
    const response = await responseOf(await sandbox().chat(customer, { model: model.id }))
    expect((await completionOf(response)).choices[0]?.message.content).toBe('Hello world')
  })

  test('a recording comes in as the bytes that were sent', async () => {
    const { model, host } = await world().bench.sale([answersDocuments()], {
      model: soldAs('transcription'),
    })
    const { token } = await world().bench.customer()
    const recording = wavOf(1.5)
    const form = new Request('http://customer', {
      method: 'POST',
      body: formOf({ model: model.id }, { bytes: recording }),
    })
    const invocation = await sandbox().ask({
      path: '/v1/audio/transcriptions',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': form.headers.get('content-type') ?? '',
      },
      body: Buffer.from(await form.bytes()),
    })
    const response = await responseOf(invocation)
    expect(await response.json()).toMatchObject({ usage: { type: 'duration', seconds: 2 } })
    expect(host.lastDispatch().bytes.includes(recording)).toBe(true)
  })

  test('an answer without a body: its status and headers come all the same', async () => {
    const headers = {
      origin: 'https://example.net',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization',
    }
    const preflight = await sandbox().ask({ method: 'OPTIONS', path: chatPath, headers })
    const response = await responseOf(preflight)
    expect(response.status).toBe(204)
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    expect(preflight.body()).toBe('')
  })

  describe('a refusal keeps its status and its words', () => {
    test('401: a key that nobody has', async () => {
      const customer = await world().bench.customer()
      const stranger = { ...customer, token: `sk-b3iq-${'x'.repeat(43)}` }
      const response = await responseOf(await sandbox().chat(stranger, { model: 'maker/model' }))
      expect(await errorOf(response)).toMatchObject({ status: 401, code: 'invalid_api_key' })
    })

    test('402: a stream that the balance does not cover', async () => {
      const { model, host } = await world().bench.sale([streams(['free'])])
      const poor = await world().bench.customer({ balanceUsd: '0.000001' })
      const body = { model: model.id, stream: true }
      const response = await responseOf(await sandbox().chat(poor, body))
      expect(await errorOf(response)).toMatchObject({ status: 402, code: 'insufficient_balance' })
      expect(host.dispatches).toEqual([])
    })
  })

  describe('a large request', () => {
    test('of 3.9 MB reaches the host as it was sent', async () => {
      const { model, host } = await world().bench.sale([streams(['long'])], {
        model: { context_length: 4_000_000 },
        host: { contextLength: 4_000_000 },
      })
      const customer = await world().bench.customer({ balanceUsd: '100' })
      const content = 'word '.repeat(780_000)
      const asked = { model: model.id, messages: [{ role: 'user', content }] }
      const response = await responseOf(await sandbox().chat(customer, asked))
      expect((await completionOf(response)).choices[0]?.message.content).toBe('long')
      expect(host.lastDispatch().body.messages).toEqual(asked.messages)
    })

    test('of 5 MB is refused by us: Lambda itself takes up to 6', async () => {
      const customer = await world().bench.customer()
      const messages = [{ role: 'user', content: 'word '.repeat(1_000_000) }]
      const invocation = await sandbox().chat(customer, { model: 'maker/model', messages })
      const error = await errorOf(await responseOf(invocation))
      expect(error).toMatchObject({ status: 413, code: 'request_too_large' })
    })
  })

  describe('nothing is believed that a caller can forge', () => {
    test('a context of Lambda in the headers opens nothing', async () => {
      const context = JSON.stringify({ authorizer: { iam: { accountId: '123456789012' } } })
      const headers = { 'x-amzn-request-context': context, 'x-amzn-lambda-context': context }
      const response = await responseOf(
        await sandbox().ask({ method: 'GET', path: '/v1/key', headers }),
      )
      expect(await errorOf(response)).toMatchObject({ status: 401 })
    })

    test('the path that the adapter keeps for events of other kinds is not there', async () => {
      const byUrl = await sandbox().ask({ path: '/events', body: { source: 'aws.events' } })
      expect((await responseOf(byUrl)).status).toBe(404)
      const byEvent = await sandbox().invoke({ source: 'aws.events', detail: {} })
      expect((await responseOf(byEvent)).status).toBe(404)
    })
  })
}
