import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import type { AdminDeps } from '../../src/admin/app.ts'
import {
  type ControlPlane,
  catalogueModel,
  digestOf,
  replyOf,
  startControlPlane,
} from '../support/control-plane.ts'

const dayMs = 24 * 60 * 60_000

let plane: ControlPlane
beforeAll(async () => {
  plane = await startControlPlane()
})
afterAll(() => plane.stop())

const AuditRecord = z.looseObject({ id: z.string(), route: z.string(), at: z.string() })
const Page = z.object({ data: z.array(AuditRecord), next: z.string().nullable() })

const audit = async (query = '') => Page.parse((await plane.operate('GET', `/audit${query}`)).body)
const newest = async () => (await audit('?limit=1')).data[0]

/** Over the same tables, with one part replaced. */
const operateOn = async (changes: Partial<AdminDeps>, method: string, path: string, body: object) =>
  replyOf(
    await plane.adminOf(changes).request(`/admin${path}`, {
      method,
      headers: {
        authorization: `Bearer ${plane.operatorKey('operator')}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify(body),
    }),
  )

describe('a change', () => {
  test('leaves one record of who did what to what', async () => {
    const id = await plane.newAccount()
    const reply = await plane.operate('PATCH', `/accounts/${id}`, { status: 'suspended' })
    expect(await newest()).toMatchObject({
      object: 'audit_record',
      at: new Date(plane.nowMs()).toISOString(),
      by: { key_id: plane.ownerKeyId, name: 'owner', role: 'owner' },
      route: 'PATCH /admin/accounts/:id',
      path: `/admin/accounts/${id}`,
      subject: { kind: 'account', id },
      request: { status: 'suspended' },
      before: { id, wallet: { status: 'active' } },
      after: { id, wallet: { status: 'suspended' } },
      state: 'ended',
      outcome: 'done',
      request_id: reply.headers.get('x-request-id'),
      idempotency_key_hash: null,
    })
    expect(await audit(`?subject=${id}`)).toMatchObject({
      data: [{ path: `/admin/accounts/${id}` }],
    })
  })

  test('that makes something names what it made', async () => {
    const { body } = await plane.operate('POST', '/accounts', { name: 'Ada' })
    expect(await newest()).toMatchObject({
      subject: { kind: 'account', id: body.id },
      before: null,
      after: { id: body.id, name: 'Ada' },
    })
  })

  test('that is refused by its use case leaves one too', async () => {
    const id = 'acct_01ARZ3NDEKTSV4RRFFQ69G5FAV'
    await plane.operate('PATCH', `/accounts/${id}`, { status: 'suspended' })
    expect(await newest()).toMatchObject({
      subject: { id },
      before: null,
      after: null,
      outcome: 'account_not_found',
    })
  })

  test('that nobody could ask for leaves none', async () => {
    const before = await newest()
    await plane.operate('PATCH', `/accounts/${await plane.newAccount()}`, { status: 'gone' })
    await plane.operate('POST', '/accounts', { name: 'Ada' }, plane.operatorKey('viewer'))
    expect(await newest()).toEqual(before)
  })

  test('is read again by the id of its record', async () => {
    await plane.newAccount()
    await plane.operate('POST', '/accounts', { name: 'Ada' })
    const record = await newest()
    const viewer = plane.operatorKey('viewer')
    const { body } = await plane.operate('GET', `/audit/${record?.id}`, undefined, viewer)
    expect(body).toEqual(record)
    for (const id of ['audit_01ARZ3NDEKTSV4RRFFQ69G5FAV', 'audit_8ZZZZZZZZZ0000000000000000']) {
      const unknown = await plane.operate('GET', `/audit/${id}`)
      expect(unknown.error).toMatchObject({ code: 'audit_record_not_found' })
    }
  })
})

describe('no change goes unrecorded', () => {
  test('what cannot be recorded is not done', async () => {
    const id = await plane.newAccount()
    const begin = () => Promise.reject(new Error('no database'))
    const reply = await operateOn(
      { audit: { ...plane.audit, begin } },
      'PATCH',
      `/accounts/${id}`,
      {
        status: 'suspended',
      },
    )
    expect(reply).toMatchObject({ status: 503, error: { code: 'ledger_unavailable' } })
    expect((await plane.operate('GET', `/accounts/${id}`)).body).toMatchObject({
      wallet: { status: 'active' },
    })
  })

  test('a crash before the end leaves a record that shows as begun', async () => {
    const id = await plane.newAccount()
    const end = () => Promise.reject(new Error('cut off'))
    await operateOn({ audit: { ...plane.audit, end } }, 'PATCH', `/accounts/${id}`, {
      status: 'suspended',
    })
    expect(await newest()).toMatchObject({
      subject: { id },
      state: 'begun',
      outcome: null,
      ended_at: null,
    })
  })

  test('a fault of ours in the middle leaves the outcome unknown', async () => {
    const putJoinCode = () => Promise.reject(new Error('no database'))
    const broken = { joinCodes: { putJoinCode } }
    const reply = await operateOn(broken, 'POST', '/join-codes', { owner_id: 'alice' })
    expect(reply.status).toBe(500)
    const route = 'POST /admin/join-codes'
    expect(await newest()).toMatchObject({ route, outcome: 'unknown', after: null })
  })
})

describe('a record holds', () => {
  test('no secret, whatever the route', async () => {
    const accountId = await plane.newAccount()
    const headers = { 'idempotency-key': 'secrets' }
    const made = [
      await replyOf(
        await plane
          .bootstrapOf({ kind: 'iam' })
          .request('/admin/bootstrap', { method: 'POST', headers }),
      ),
      await plane.operate(
        'POST',
        '/keys',
        { account_id: accountId, name: 'ci' },
        undefined,
        headers,
      ),
      await plane.operate('POST', '/operator-keys', { name: 'Bo', role: 'viewer' }, undefined, {
        'idempotency-key': 'secrets-2',
      }),
      await plane.operate('POST', '/join-codes', { owner_id: 'alice' }, undefined, {
        'idempotency-key': 'secrets-3',
      }),
    ]
    const secrets = made.map(({ body }) => z.string().parse(body.key ?? body.code))
    await plane.operate('POST', '/accounts', { name: `pasted ${secrets[0]}` })
    const { Items } = await plane.client.scan({
      TableName: plane.tables.keys,
      ConsistentRead: true,
    })
    const stored = JSON.stringify(Items)
    for (const secret of secrets) expect(stored).not.toContain(secret)
    expect(stored).toContain('pasted [removed]')
    expect((await audit('?route=POST%20/admin/bootstrap')).data[0]).toMatchObject({
      by: { key_id: 'bootstrap' },
      after: { object: 'operator_key', key: null },
    })
  })

  test('no prompt of a spot check', async () => {
    await plane.operate('PUT', '/models', catalogueModel('m', [digestOf('a')]))
    const top = Array.from({ length: 5 }, (_, at) => ({ token: `t${at}`, logprob: -at - 1 }))
    const reference = {
      profile_id: 'm@0',
      artifact_digest: digestOf('a'),
      runtime_kind: 'llamacpp',
      runtime_version: '*',
      tau: 0.5,
      readings: [{ messages: [{ role: 'user', content: 'hidden prompt' }], top }],
    }
    await plane.operate('PUT', '/references', reference)
    const record = await newest()
    expect(record).toMatchObject({ request: { readings: { sha256: expect.any(String) } } })
    expect(JSON.stringify(record)).not.toContain('hidden prompt')
  })
})

describe('the list of records', () => {
  test('goes back by days, in pages, each record once', async () => {
    const fresh = await startControlPlane()
    try {
      for (let day = 0; day < 3; day += 1) {
        for (const name of ['Ada', 'Bo']) await fresh.operate('POST', '/accounts', { name })
        fresh.passMs(dayMs)
      }
      const seen: string[] = []
      let after = ''
      for (let page = 0; page < 9; page += 1) {
        const { body } = await fresh.operate('GET', `/audit?limit=4${after}`)
        const { data, next } = Page.parse(body)
        seen.push(...data.map(({ id }) => id))
        if (next === null) break
        after = `&after=${next}`
      }
      expect(seen).toHaveLength(6)
      expect(seen).toEqual(seen.toSorted().reverse())

      const day = (back: number) =>
        new Date(fresh.nowMs() - back * dayMs).toISOString().slice(0, 10)
      const only = await fresh.operate('GET', `/audit?from=${day(2)}&to=${day(2)}`)
      expect(Page.parse(only.body).data.map(({ id }) => id)).toEqual(seen.slice(2, 4))
    } finally {
      await fresh.stop()
    }
  })

  test('is narrowed by operator and route', async () => {
    const operator = plane.operatorKey('operator', 'active', 'key_01ARZ3NDEKTSV4RRFFQ69G5FAV')
    await plane.operate('POST', '/accounts', { name: 'Cleo' }, operator)
    await plane.operate('POST', '/accounts', { name: 'Dora' })
    const { data } = await audit('?operator=key_01ARZ3NDEKTSV4RRFFQ69G5FAV')
    expect(data).toMatchObject([{ request: { name: 'Cleo' } }])
    const made = await audit('?route=POST%20/admin/accounts')
    expect(new Set(made.data.map(({ route }) => route))).toEqual(new Set(['POST /admin/accounts']))
  })

  test.each([
    ['from=2026-01-01&to=2026-02-01', 'from'],
    ['from=2026-01-02&to=2026-01-01', 'from'],
    ['to=yesterday', 'to'],
    ['after=inc_1', 'after'],
    ['after=audit_8ZZZZZZZZZ0000000000000000', 'after'],
    ['limit=101', 'limit'],
    ['who=me', 'who'],
  ])('is refused for ?%s', async (query, param) => {
    const reply = await plane.operate('GET', `/audit?${query}`)
    expect(reply).toMatchObject({ status: 400, error: { code: 'invalid_value', param } })
  })
})
