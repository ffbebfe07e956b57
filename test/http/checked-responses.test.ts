import { Hono } from 'hono'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import type { EndpointRow } from '../../src/http/endpoint.ts'
import { errorFields } from '../../src/http/error-reply.ts'
import { errorResponse } from '../../src/http/respond.ts'
import type { SurfaceEnv } from '../../src/http/surface.ts'
import { checkingReplies } from '../support/checked-responses.ts'

const row: EndpointRow<'none', string> = {
  operationId: 'show',
  tag: 'Things',
  summary: 'Show',
  does: 'Shows.',
  auth: 'none',
  answer: {
    'application/json': { schema: z.strictObject({ id: z.string() }) },
    'text/event-stream': { schema: z.strictObject({ delta: z.string() }) },
  },
  headers: ['x-known'],
  errors: ['model_not_found'],
}

const asked = async (answer: () => Response, path = '/things/a/b') => {
  const app = new Hono<SurfaceEnv>()
  app.all('*', () => answer())
  checkingReplies(app, {
    endpoints: { 'GET /things/:id{.+}': row },
    errorReply: z.strictObject({ error: z.strictObject(errorFields) }),
    everyReply: ['x-request-id'],
    everyError: ['x-request-id', 'x-should-retry'],
  })
  return app.request(path)
}

const streaming = (text: string) => () =>
  new Response(text, { headers: { 'content-type': 'text/event-stream; charset=utf-8' } })

describe('a reply that the table describes', () => {
  test('comes through as it is', async () => {
    const response = await asked(() => Response.json({ id: 'a' }, { headers: { 'x-known': '1' } }))
    expect(await response.json()).toEqual({ id: 'a' })
  })

  test('may refuse with a code of the row', async () => {
    const response = await asked(() => errorResponse({ code: 'model_not_found' }, 'r'))
    expect(response.status).toBe(404)
  })

  test('may stream, comments and the end mark included', async () => {
    const text = ': ping\n\ndata: {"delta":"a"}\n\ndata: [DONE]\n\n'
    expect(await (await asked(streaming(text))).text()).toBe(text)
  })
})

describe('a reply that the table does not describe', () => {
  test.each([
    ['has another field', () => Response.json({ id: 'a', more: 1 }), /Unrecognized key: "more"/],
    [
      'has another header',
      () => Response.json({ id: 'a' }, { headers: { 'x-stray': '1' } }),
      /lacks the headers x-stray/,
    ],
    ['has another type', () => new Response('a'), /knows no answer of text\/plain/],
    [
      'refuses with another code',
      () => errorResponse({ code: 'receipt_not_found' }, 'r'),
      /does not name receipt_not_found/,
    ],
    [
      'refuses with a stray detail',
      () => errorResponse({ code: 'model_not_found', detail: { more: 1 } }, 'r'),
      /Unrecognized key: "more"/,
    ],
  ])('%s', async (_, answer, fault) => {
    await expect(asked(answer)).rejects.toThrow(fault)
  })

  test('comes from a path that it lacks', async () => {
    await expect(asked(() => Response.json({}), '/others')).rejects.toThrow(/lacks what answered/)
  })

  test('has an event of another shape', async () => {
    const response = await asked(streaming('data: {"delta":1}\n\n'))
    await expect(response.text()).rejects.toThrow(/not what the table says/)
  })
})
