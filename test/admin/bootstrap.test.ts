import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { makeOperatorKeyStore } from '../../src/adapters/dynamodb/operator-key-store.ts'
import type { BootstrapGuard } from '../../src/admin/bootstrap.ts'
import { type ControlPlane, replyOf, startControlPlane } from '../support/control-plane.ts'

const token = 'the-token-of-this-laptop'
const byToken = { kind: 'token', token } as const

let plane: ControlPlane
beforeAll(async () => {
  plane = await startControlPlane()
})
afterAll(() => plane.stop())

const bootstrap = async (guard: BootstrapGuard, headers: Record<string, string> = {}) =>
  replyOf(await plane.bootstrapOf(guard).request('/admin/bootstrap', { method: 'POST', headers }))

describe('bootstrap', () => {
  test.each([
    ['without the token', {}],
    ['with a wrong token', { 'x-b3iq-bootstrap-token': 'guess' }],
    ['with an empty token', { 'x-b3iq-bootstrap-token': '' }],
  ])('on a laptop is refused %s', async (_, headers) => {
    const reply = await bootstrap(byToken, headers)
    expect(reply).toMatchObject({ status: 401, error: { code: 'invalid_operator_key' } })
  })

  test('mints the first owner key, once, whoever asks at the same time', async () => {
    const replies = await Promise.all([
      bootstrap(byToken, { 'x-b3iq-bootstrap-token': token }),
      bootstrap({ kind: 'iam' }),
    ])
    expect(replies.map((reply) => reply.status).sort()).toEqual([200, 409])
    const minted = replies.find((reply) => reply.status === 200)
    expect(minted?.body).toMatchObject({ object: 'operator_key', role: 'owner' })
    expect(minted?.headers.get('cache-control')).toBe('no-store')
    const refused = replies.find((reply) => reply.status === 409)
    expect(refused?.error).toMatchObject({ code: 'already_bootstrapped' })
    expect(await bootstrap({ kind: 'iam' })).toMatchObject({ status: 409 })

    const operators = makeOperatorKeyStore(plane)
    const response = await plane.adminOf({ operators }).request('/admin/accounts', {
      headers: { authorization: `Bearer ${z.string().parse(minted?.body.key)}` },
    })
    expect(response.status).toBe(200)
  })
})

test('the admin surface itself has no bootstrap', async () => {
  expect((await plane.operate('POST', '/bootstrap')).status).toBe(404)
})
