// Transcriptions through the gateway: forms in, seconds counted by us, and the five forms of an answer.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isVerified, verifyReceipt } from '../../src/receipts/verify-receipt.ts'
import { errorOf } from '../support/chat-client.ts'
import { documentAsksOf, formOf } from '../support/document-client.ts'
import { answersDocuments, sendsDocument, transcriptionDocument } from '../support/document-host.ts'
import { wavOf } from '../support/documents-on-sale.ts'
import { type GatewayBench, startGatewayBench } from '../support/gateway-bench.ts'

let bench: GatewayBench
beforeAll(async () => {
  bench = await startGatewayBench()
})
afterAll(() => bench.stop())

const { ask, askInVain } = documentAsksOf(() => bench, '/v1/audio/transcriptions')
const file = { bytes: wavOf(1.5), name: 'Dr. Who.wav' }

describe('a recording', () => {
  test('is billed by its begun seconds, and its text comes with what it cost', async () => {
    const { customer, response } = await ask(formOf({}, file))
    expect(await response.json()).toMatchObject({
      text: 'hello world',
      usage: { type: 'duration', seconds: 2 },
      b3iq: { cost_usd: '0.04', usage: { units: 2 } },
    })
    const receipt = await bench.onlyReceipt(customer)
    expect(receipt.private.hold_usd).toBe('0.04')
    expect(receipt.body.served?.usage).toMatchObject({
      claimed: { units: 2 },
      counted: { units: 2 },
      count_method: 'units',
      inflated: false,
    })
  })

  test('reaches its host in a form of ours, without its name and what nobody knows', async () => {
    const fields = {
      language: 'en',
      prompt: 'Names:\r\nÅsa "B"',
      temperature: '0.2',
      stranger: 'x',
    }
    const { sale } = await ask(formOf(fields, file))
    const { bytes, headers } = sale.host.lastDispatch()
    const form = await new Response(Uint8Array.from(bytes), {
      headers: { 'content-type': String(headers['content-type']) },
    }).formData()
    const sent = Object.fromEntries([...form].filter(([, value]) => typeof value === 'string'))
    const { stranger, ...known } = fields
    expect(sent).toEqual({ model: sale.model.id, response_format: 'json', ...known })
    const recording = form.get('file')
    if (!(recording instanceof File)) throw new Error('the host got no file')
    expect(recording.name).toBe('audio.wav')
    expect(Buffer.from(await recording.bytes())).toEqual(file.bytes)
  })

  test("is no longer for a host that claims so, which is not marked: the file is the customer's", async () => {
    const usage = { prompt: 0, cached_prompt: 0, completion: 0, units: 60 }
    const { customer } = await ask(formOf({}, file), [answersDocuments({ claim: { usage } })])
    const { body } = await bench.onlyReceipt(customer)
    expect(body.served?.usage).toMatchObject({ billed: { units: 2 }, inflated: false })
    expect(body.charge.charge_usd).toBe('0.04')
  })
})

describe('an answer', () => {
  test('in detail has the places of its texts', async () => {
    const { sale, response } = await ask(
      formOf(
        { response_format: 'verbose_json', 'timestamp_granularities[]': ['word', 'segment'] },
        file,
      ),
    )
    expect(await response.json()).toMatchObject({
      text: 'hello world',
      language: 'english',
      duration: 2,
      segments: [{ start: 0, end: 2, text: 'hello world' }],
    })
    expect(sale.host.lastDispatch().bytes.toString()).toContain('timestamp_granularities[]')
  })

  test.each([
    ['text', 'text/plain; charset=utf-8', 'hello world\n'],
    [
      'srt',
      'application/x-subrip; charset=utf-8',
      '1\n00:00:00,000 --> 00:00:02,000\nhello world\n',
    ],
    ['vtt', 'text/vtt; charset=utf-8', 'WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nhello world\n'],
  ])('as %s is text alone, and its cost is in the headers', async (format, type, text) => {
    const { customer, response } = await ask(formOf({ response_format: format }, file))
    expect(response.headers.get('content-type')).toBe(type)
    expect(response.headers.get('x-b3iq-cost-usd')).toBe('0.04')
    expect(await response.text()).toBe(text)
    const salt = response.headers.get('x-b3iq-salt') ?? ''
    const view = { object: 'receipt', ...(await bench.onlyReceipt(customer)), salt } as const
    expect(isVerified(verifyReceipt(view, bench.publishedKeys))).toBe(true)
    const exposed = response.headers.get('access-control-expose-headers')
    expect(exposed).toContain('x-b3iq-salt')
  })

  test('without places makes no subtitles: the next host is asked', async () => {
    const { response } = await ask(formOf({ response_format: 'srt' }, file), [
      sendsDocument(transcriptionDocument('hello')),
      answersDocuments(),
    ])
    expect(response.headers.get('x-b3iq-retries')).toBe('1')
  })
})

describe('what is refused', () => {
  test.each([
    ['no file', formOf({}), 'missing_required_parameter', 'file'],
    ['a text for a file', formOf({ file: 'x' }), 'invalid_value', 'file'],
    ['an empty file', formOf({}, { bytes: Buffer.alloc(0) }), 'invalid_value', 'file.bytes'],
    ['no sound', formOf({}, { bytes: Buffer.from('RIFF no') }), 'invalid_value', 'file'],
    ['an unknown kind', formOf({}, { ...file, name: 'a.txt' }), 'invalid_value', 'file.type'],
    ['a bad number', formOf({ temperature: 'hot' }, file), 'invalid_value', 'temperature'],
    ['a bad language', formOf({ language: 'English' }, file), 'invalid_value', 'language'],
    [
      'places without detail',
      formOf({ 'timestamp_granularities[]': ['word'] }, file),
      'invalid_value',
      'timestamp_granularities',
    ],
    ['a stream', formOf({ stream: 'true' }, file), 'unsupported_parameter', 'stream'],
    ['bad JSON', formOf({ provider: '{' }, file), 'invalid_value', 'provider'],
    [
      'too many fields',
      formOf({ a: Array.from({ length: 32 }, () => 'x') }, file),
      'invalid_value',
      null,
    ],
  ])('%s', async (_, form, code, param) => {
    const { response } = await askInVain(form)
    expect(await errorOf(response)).toMatchObject({ status: 400, code, param })
  })

  test('a body that is no form', async () => {
    const { response } = await askInVain({ file: 'x' })
    expect(await errorOf(response)).toMatchObject({ status: 415, code: 'unsupported_media_type' })
  })

  test('a body that is too large', async () => {
    const { response } = await askInVain(formOf({}, { bytes: wavOf(270) }))
    expect(await errorOf(response)).toMatchObject({ status: 413, code: 'request_too_large' })
  })
})

test.each(['false', '0', ''])('stream=%s asks for nothing', async (stream) => {
  const { response } = await ask(formOf({ stream, include: '' }, file))
  expect(response.status).toBe(200)
})

test('places are sent to hosts, also where every parameter is required', async () => {
  const provider = JSON.stringify({ require_parameters: true })
  const fields = { response_format: 'verbose_json', 'timestamp_granularities[]': ['word'] }
  const { response } = await ask(formOf({ ...fields, provider }, file))
  expect(response.status).toBe(200)
  const stranger = await askInVain(formOf({ constructor: 'x', provider }, file))
  const { code, message } = await errorOf(stranger.response)
  expect([code, message]).toEqual(['unsupported_parameter', expect.stringContaining('no runtime')])
})

test('the highest price of images is nothing to it, and its own is', async () => {
  const most = (max_price: object) => formOf({ provider: JSON.stringify({ max_price }) }, file)
  const { response } = await ask(most({ image: 0.000_01, audio: 0.02 }))
  expect(response.status).toBe(200)
  const dear = await askInVain(most({ image: 50, audio: 0.000_1 }))
  expect(await errorOf(dear.response)).toMatchObject({ code: 'max_price_unmet' })
})

test('the same form under another boundary is the same request to an idempotency key', async () => {
  const customer = await bench.customer()
  const headers = { 'idempotency-key': 'talk-1' }
  const first = await ask(formOf({ model: 'x/none' }, file), undefined, { customer, headers })
  expect((await errorOf(first.response)).code).toBe('model_not_found')
  const { sale, response } = await ask(formOf({}, file), undefined, { customer, headers })
  expect(response.status).toBe(200)
  const again = formOf({ model: sale.model.id }, file)
  const repeated = await ask(again, undefined, { customer, headers })
  expect(await errorOf(repeated.response)).toMatchObject({
    status: 409,
    code: 'idempotency_completed',
  })
  const other = formOf({ model: sale.model.id, language: 'en' }, file)
  const reused = await ask(other, undefined, { customer, headers })
  expect(await errorOf(reused.response)).toMatchObject({ code: 'idempotency_key_reused' })
})
