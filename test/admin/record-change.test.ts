import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { makeKeyStore } from '../../src/adapters/dynamodb/key-store.ts'
import type { AdminDeps } from '../../src/admin/app.ts'
import { type ControlPlane, replyOf, startControlPlane } from '../support/control-plane.ts'
import { approvedHost } from '../support/test-host.ts'

let plane: ControlPlane
beforeAll(async () => {
  plane = await startControlPlane()
})
afterAll(() => plane.stop())

let keys = 0
const newIdempotencyKey = (): string => {
  keys += 1
  return `key-${keys}`
}

type Sent = {
  readonly path: string
  readonly body: unknown
  readonly idempotencyKey: string
  readonly as?: string
}
const owner = () => plane.operatorKey('owner')

/** As often as asked, by one operator, with one key. */
const send = async ({ path, body, idempotencyKey, as }: Sent, changes: Partial<AdminDeps> = {}) =>
  replyOf(
    await plane.adminOf(changes).request(`/admin${path}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${as ?? owner()}`,
        'content-type': 'application/json',
        'idempotency-key': idempotencyKey,
      },
      body: JSON.stringify(body),
    }),
  )

const newCode = (changes: Partial<Sent> = {}): Sent & { readonly as: string } => ({
  path: '/join-codes',
  body: { owner_id: 'alice' },
  idempotencyKey: newIdempotencyKey(),
  as: owner(),
  ...changes,
})

const Named = z.object({ audit_id: z.string() })
const cutOff = { end: () => Promise.reject(new Error('cut off')) }

describe('a change that is sent again with its idempotency key', () => {
  test('is made once, and answered as the first', async () => {
    const account = await plane.newAccount()
    const incident = {
      scope: { kind: 'customer', id: account },
      reason: 'abuse',
      expires_at: new Date(plane.nowMs() + 60_000).toISOString(),
    }
    const sent = { path: '/incidents', body: incident, idempotencyKey: newIdempotencyKey() }
    const as = owner()
    const first = await send({ ...sent, as })
    expect(first.status).toBe(200)
    expect(first.headers.get('idempotent-replayed')).toBeNull()
    const again = await send({ ...sent, as })
    expect(again.headers.get('idempotent-replayed')).toBe('true')
    expect([again.status, again.body]).toEqual([first.status, first.body])
    expect(again.headers.get('x-request-id')).not.toBe(first.headers.get('x-request-id'))
    const list = await plane.operate('GET', '/incidents')
    expect(list.body).toMatchObject({ data: [{ id: first.body.id }] })
  })

  test('is answered without the secret that was shown once', async () => {
    const sent = newCode()
    const first = await send(sent)
    expect(first.body.code).toMatch(/^b3iq-join-/)
    const again = await send(sent)
    expect(again.body).toEqual({ ...first.body, code: null, note: expect.stringContaining('once') })
  })

  test('is refused as the first was', async () => {
    const sent = {
      path: '/incidents',
      body: {
        scope: { kind: 'model', id: 'nobody/sells-this' },
        reason: 'x',
        expires_at: new Date(plane.nowMs() + 60_000).toISOString(),
      },
      idempotencyKey: newIdempotencyKey(),
      as: owner(),
    }
    const [first, again] = [await send(sent), await send(sent)]
    expect(first).toMatchObject({ status: 400, error: { param: 'scope.id' } })
    expect(again.error).toEqual({ ...first.error, request_id: again.error.request_id })
    expect(again.headers.get('idempotent-replayed')).toBe('true')
  })

  test('is another change for another operator, and after a day', async () => {
    const sent = newCode()
    const first = await send(sent)
    expect((await send({ ...sent, as: owner() })).body.code).not.toBeNull()
    plane.passMs(24 * 60 * 60_000 + 1_000)
    const later = await send(sent)
    expect(later.body.code).toMatch(/^b3iq-join-/)
    expect(later.body.code).not.toBe(first.body.code)
  })

  test('is refused with another body or at another path', async () => {
    const sent = newCode()
    await send(sent)
    const account = await plane.newAccount()
    const credit = { amount_usd: '1', kind: 'grant', reference: 'r' }
    for (const other of [
      { ...sent, body: { owner_id: 'bob' } },
      { ...sent, path: `/accounts/${account}/credits`, body: credit },
    ]) {
      expect(await send(other)).toMatchObject({
        status: 422,
        error: { code: 'idempotency_key_reused', param: 'Idempotency-Key' },
      })
    }
  })

  test('is refused while the first runs, and made by one of many at a time', async () => {
    const sent = newCode()
    const replies = await Promise.all(Array.from({ length: 4 }, () => send(sent)))
    const codes = replies.filter(({ body }) => typeof body.code === 'string')
    expect(codes).toHaveLength(1)
    for (const { status, error, body } of replies) {
      if (status === 200) continue
      expect([status, error.code, body.code]).toEqual([409, 'idempotency_in_progress', undefined])
      expect(error.retry_after_seconds).toBe(5)
    }
  })
})

describe('a change that others were faster than', () => {
  test('of a key is made when it is sent again', async () => {
    const account_id = await plane.newAccount()
    const made = await plane.operate('POST', '/keys', { account_id, name: 'ci' })
    const sent = {
      path: `/keys/${made.body.id}/rotate`,
      body: {},
      idempotencyKey: newIdempotencyKey(),
      as: owner(),
    }
    const rotateKey = async () => ({ kind: 'stale' }) as const
    const refused = await send(sent, { keys: { ...makeKeyStore(plane), rotateKey } })
    expect(refused.error).toMatchObject({ code: 'state_conflict', retryable: true })
    expect((await send(sent)).body.key).toMatch(/^sk-b3iq-/)
  })

  test('of a job is made when it is sent again', async () => {
    const { nodeId } = await approvedHost(plane)
    const order = { type: 'health.check', args: {}, reference: 'contended' }
    const { body } = await plane.operate('POST', `/nodes/${nodeId}/jobs`, order)
    const sent = {
      path: `/jobs/${body.id}/cancel`,
      body: undefined,
      idempotencyKey: newIdempotencyKey(),
      as: owner(),
    }
    const refused = await send(sent, { jobs: { ...plane.jobs, writeJob: async () => false } })
    expect(refused.error).toMatchObject({ code: 'state_conflict', retryable: true })
    expect((await send(sent)).body).toMatchObject({ state: 'cancelled' })
  })
})

describe('after a crash, whose record stays as begun', () => {
  const audit = () => ({ audit: { ...plane.audit, ...cutOff } })

  test('what names a reference is made again', async () => {
    const account = await plane.newAccount()
    const sent = {
      path: `/accounts/${account}/credits`,
      body: { amount_usd: '5', kind: 'grant', reference: 'crashed' },
      idempotencyKey: newIdempotencyKey(),
      as: owner(),
    }
    await send(sent, audit())
    expect(await send(sent)).toMatchObject({ error: { code: 'idempotency_in_progress' } })
    plane.passMs(60_000)
    expect(await send(sent)).toMatchObject({ status: 200, body: { amount_usd: '5' } })
    expect((await plane.operate('GET', `/accounts/${account}`)).body).toMatchObject({
      wallet: { granted_usd: '5' },
    })
    expect((await send(sent)).headers.get('idempotent-replayed')).toBe('true')
  })

  test('what does not is refused, and the record named', async () => {
    const sent = newCode()
    await send(sent, audit())
    plane.passMs(60_000)
    const refused = await send(sent)
    expect(refused).toMatchObject({
      status: 409,
      error: { code: 'idempotency_in_progress', retryable: false },
    })
    expect(refused.headers.get('x-should-retry')).toBe('false')
    const { audit_id } = Named.parse(refused.error)
    const record = await plane.operate('GET', `/audit/${audit_id}`)
    expect(record.body).toMatchObject({ state: 'begun', route: 'POST /admin/join-codes' })
  })

  test('of two who make it again at the same time one does', async () => {
    const account = await plane.newAccount()
    const sent = {
      path: `/accounts/${account}/credits`,
      body: { amount_usd: '5', kind: 'grant', reference: 'crashed-twice' },
      idempotencyKey: newIdempotencyKey(),
      as: owner(),
    }
    await send(sent, audit())
    plane.passMs(60_000)
    const replies = await Promise.all([send(sent), send(sent)])
    expect(replies.every(({ status }) => status === 200 || status === 409)).toBe(true)
    expect((await plane.operate('GET', `/accounts/${account}`)).body).toMatchObject({
      wallet: { granted_usd: '5' },
    })
  })
})

describe('a fault of ours', () => {
  const broken = {
    joinCodes: { putJoinCode: () => Promise.reject(new Error('no database')) },
  }

  test('leaves a change that is not known to be made, and says so at once', async () => {
    const sent = newCode()
    expect((await send(sent, broken)).status).toBe(500)
    expect(await send(sent)).toMatchObject({
      status: 409,
      error: { code: 'idempotency_in_progress', retryable: false },
    })
  })

  test('that came after the change shows on record what stands', async () => {
    const { nodeId: id } = await approvedHost(plane)
    const sent = {
      path: `/nodes/${id}/suspend`,
      body: undefined,
      idempotencyKey: newIdempotencyKey(),
    }
    const brokenAfter = { recompute: () => Promise.reject(new Error('no pool')) }
    expect((await send(sent, brokenAfter)).status).toBe(500)
    const list = await plane.operate('GET', `/audit?subject=${id}&limit=1`)
    expect(list.body).toMatchObject({
      data: [{ state: 'ended', outcome: 'unknown', after: { id, status: 'suspended' } }],
    })
  })
})

test('a change whose record lost only its reply was not made, and is made when it is sent again', async () => {
  const lost: Partial<AdminDeps> = {
    audit: {
      ...plane.audit,
      begin: async (...begun) => {
        await plane.audit.begin(...begun)
        throw new Error('no reply')
      },
    },
  }
  const sent = newCode()
  expect(await send(sent, lost)).toMatchObject({
    status: 503,
    error: { code: 'ledger_unavailable' },
  })
  expect((await send(sent)).body.code).toMatch(/^b3iq-join-/)
  const list = await plane.operate('GET', '/audit?route=POST%20/admin/join-codes&limit=2')
  expect(list.body).toMatchObject({
    data: [{ outcome: 'done' }, { outcome: 'ledger_unavailable' }],
  })
})

test.each(['', 'k'.repeat(256)])('an idempotency key of a wrong length is refused', async (key) => {
  const refused = await send(newCode({ idempotencyKey: key }))
  expect(refused).toMatchObject({ status: 400, error: { param: 'Idempotency-Key' } })
})
