import { describe, expect, test } from 'vitest'
import { makeSurface } from '../../src/http/surface.ts'
import { replyOf } from '../support/control-plane.ts'

// Short: the parser quotes no more than the first few characters.
const secret = 'whisper'

function makeTestSurface() {
  const lines: string[] = []
  const app = makeSurface({
    nowMs: () => 0,
    ids: { ulid: () => 'REQ' },
    log: (event, fields) => void lines.push(JSON.stringify({ event, ...fields })),
  })
  app.get('/things/:id', (c) => c.json({ id: c.req.param('id') }))
  app.delete('/things/:id', (c) => c.json({}))
  app.post('/breaks', async (c) => {
    JSON.parse(`${await c.req.text()}!`)
    return c.json({})
  })
  return { app, lines }
}

test('a route answers for itself', async () => {
  const { app } = makeTestSurface()
  expect((await replyOf(await app.request('/things/1'))).body).toEqual({ id: '1' })
})

test('a path without a route is not found', async () => {
  const { app } = makeTestSurface()
  const { status, error } = await replyOf(await app.request('/nothing'))
  expect(status).toBe(404)
  expect(error).toMatchObject({ code: 'not_found', request_id: 'REQ' })
})

test('a path with a route refuses other methods and names its own', async () => {
  const { app } = makeTestSurface()
  const reply = await replyOf(await app.request('/things/1', { method: 'PUT' }))
  expect(reply.status).toBe(405)
  expect(reply.error.code).toBe('method_not_allowed')
  expect(reply.headers.get('allow')?.split(', ').sort()).toEqual(['DELETE', 'GET', 'HEAD'])
})

describe('a bug', () => {
  test('is an internal error that may be retried and tells nothing', async () => {
    const { app } = makeTestSurface()
    const reply = await replyOf(await app.request('/breaks', { method: 'POST', body: secret }))
    expect(reply.status).toBe(500)
    expect(reply.error).toMatchObject({ code: 'internal_error', request_id: 'REQ' })
    expect(reply.headers.get('x-should-retry')).toBe('true')
    expect(JSON.stringify(reply.body)).not.toContain(secret)
  })

  test('leaves a line with its place and without what was sent', async () => {
    const { app, lines } = makeTestSurface()
    await app.request('/breaks', { method: 'POST', body: secret })
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain('"event":"request_failed","requestId":"REQ"')
    expect(lines[0]).toContain('surface.test.ts')
    expect(lines[0]).not.toContain(secret)
  })
})
