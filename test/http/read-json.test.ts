import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { readJson } from '../../src/http/read-json.ts'
import { limits } from '../../src/protocol/limits.ts'

const Order = z.strictObject({
  name: z.string().max(8),
  rows: z.array(z.strictObject({ count: z.int().min(1) })).default([]),
  content: z.union([z.string(), z.array(z.strictObject({ text: z.string() }))]).optional(),
})
const maxBytes = 100

const post = (body: string | Buffer<ArrayBuffer>, headers: Record<string, string> = {}) =>
  new Request('http://localhost/', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  })

const errorOf = async (request: Request) => {
  const read = await readJson(request, Order, maxBytes)
  return read.ok ? undefined : read.error
}

test('a body that fits its schema is its parsed value', async () => {
  const read = await readJson(post('{"name":"a"}'), Order, maxBytes)
  expect(read).toEqual({ ok: true, value: { name: 'a', rows: [] } })
})

describe('what is wrong is told by field', () => {
  test.each([
    ['{"rows":[]}', 'missing_required_parameter', 'name', 'name is required.'],
    ['{"name":null}', 'invalid_value', 'name', 'name: Invalid input: expected string'],
    ['{"name":"a","rows":[{"count":0}]}', 'invalid_value', 'rows.0.count', '>=1'],
    ['{"name":"a","rows":[{}]}', 'missing_required_parameter', 'rows.0.count', 'is required'],
    ['{"name":"a","nmae":1}', 'invalid_value', 'nmae', 'nmae: no such parameter is known.'],
    ['{"name":"a","content":[{"text":1}]}', 'invalid_value', 'content.0.text', 'expected string'],
    ['{"name":"a","content":1}', 'invalid_value', 'content', 'content: Invalid input'],
    ['[]', 'invalid_value', undefined, 'expected object'],
  ])('%s → %s at %s', async (body, code, param, message) => {
    const error = await errorOf(post(body))
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) })
    expect(error?.param).toBe(param)
  })

  test('the name of a field is cut, however long the client made it', async () => {
    const request = post(JSON.stringify({ name: 'a', ['x'.repeat(500)]: 1 }))
    const read = await readJson(request, Order, 1000)
    expect(read.ok ? '' : read.error.param).toHaveLength(128)
  })
})

describe('what is not JSON is refused before any schema', () => {
  test.each([
    ['a broken document', '{"name":'],
    ['nothing', ''],
    ['bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0x22])],
  ])('%s', async (_, body) => {
    expect(await errorOf(post(body))).toEqual({ code: 'invalid_json' })
  })

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp'])(
    'the type %s',
    async (type) => {
      const error = await errorOf(post('{"name":"a"}', { 'content-type': type }))
      expect(error).toEqual({ code: 'unsupported_media_type' })
    },
  )

  test.each(['gzip', 'br', 'identity, gzip'])('the encoding %s', async (encoding) => {
    const error = await errorOf(post('{"name":"a"}', { 'content-encoding': encoding }))
    expect(error).toMatchObject({ code: 'unsupported_media_type' })
  })

  test.each(['"a\\ud83d"', '"\\uDE00"', '"\\ude00\\ud83d"'])(
    'half a character: %s',
    async (text) => {
      const half = { code: 'invalid_json', message: expect.stringContaining('whole characters') }
      expect(await errorOf(post(`{"name":${text}}`))).toMatchObject(half)
      expect(await errorOf(post(`{"name":"a",${text}:1}`))).toMatchObject(half)
    },
  )

  test('a whole character in escapes, or the text of one, is none of that', async () => {
    for (const text of ['"\\ud83d\\ude00"', '"\\\\ud83d"']) {
      expect(await errorOf(post(`{"name":${text}}`))).toBeUndefined()
    }
  })

  test('a charset beside the type is no other type', async () => {
    const type = 'Application/JSON; charset=utf-8'
    expect(await errorOf(post('{"name":"a"}', { 'content-type': type }))).toBeUndefined()
  })
})

describe('a body is read no further than its bound', () => {
  const tooLarge = {
    code: 'request_too_large',
    message: 'The request body is larger than 100 bytes.',
  }

  test('by the length it announces, without reading', async () => {
    expect(await errorOf(post('{}', { 'content-length': '101' }))).toEqual(tooLarge)
  })

  test('by what arrives, whatever it announced', async () => {
    let pulled = 0
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        pulled += 1
        controller.enqueue(Buffer.alloc(40, ' '))
      },
    })
    const request = new Request('http://localhost/', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: endless,
      duplex: 'half',
    })
    expect(await errorOf(request)).toEqual(tooLarge)
    expect(pulled).toBeLessThan(10)
  })

  test('of exactly that size it is taken', async () => {
    const padded = '{"name":"a"}'.padEnd(maxBytes)
    expect(await errorOf(post(padded))).toBeUndefined()
  })

  test('by how many values it holds', async () => {
    const rows = (count: number) => post(`{"name":"a","rows":[${'0,'.repeat(count)}0]}`)
    const read = await readJson(rows(limits.jsonValues), Order, 1_000_000)
    const message = 'The body holds more than 100000 values.'
    expect(read).toEqual({ ok: false, error: { code: 'invalid_value', message } })
    const fewer = await readJson(rows(limits.jsonValues - 5), Order, 1_000_000)
    expect(fewer).toMatchObject({ error: { param: 'rows.0' } })
  })

  test('that breaks off did not arrive', async () => {
    const broken = new ReadableStream<Uint8Array>({
      start: (controller) => controller.error(new Error('socket closed')),
    })
    const request = new Request('http://localhost/', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: broken,
      duplex: 'half',
    })
    expect(await errorOf(request)).toEqual({ code: 'request_timeout' })
  })
})
