import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { type ControlPlane, replyOf, startControlPlane } from '../support/control-plane.ts'

let plane: ControlPlane
beforeAll(async () => {
  plane = await startControlPlane()
})
afterAll(() => plane.stop())

const Minted = z.object({ id: z.string(), key: z.string() })

const newOperator = async (role = 'operator', name = 'Bo') => {
  const { body } = await plane.operate('POST', '/operator-keys', { name, role })
  return Minted.parse(body)
}
const revoke = (id: string, key?: string) =>
  plane.operate('DELETE', `/operator-keys/${id}`, undefined, key)

describe('an operator key', () => {
  test('is shown once, and admits with its role', async () => {
    const made = await plane.operate('POST', '/operator-keys', { name: 'Bo', role: 'viewer' })
    const { key, ...view } = made.body
    expect(made.headers.get('cache-control')).toBe('no-store')
    expect(key).toMatch(/^op-b3iq-p1-[A-Za-z0-9_-]{43}$/)
    expect(view).toEqual({
      object: 'operator_key',
      id: expect.stringMatching(/^key_/),
      name: 'Bo',
      role: 'viewer',
      status: 'active',
    })
    const secret = z.string().parse(key)
    expect((await plane.operate('GET', '/accounts', undefined, secret)).status).toBe(200)
    const denied = await plane.operate('POST', '/accounts', { name: 'Ada' }, secret)
    expect(denied).toMatchObject({ status: 403, error: { code: 'missing_role' } })
    expect(plane.logLines().join()).not.toContain(secret)
  })

  test.each([
    [{ role: 'operator' }, 'missing_required_parameter', 'name'],
    [{ name: 'Bo' }, 'missing_required_parameter', 'role'],
    [{ name: 'Bo', role: 'root' }, 'invalid_value', 'role'],
    [{ name: '', role: 'viewer' }, 'invalid_value', 'name'],
  ])('is not made of %j', async (body, code, param) => {
    const reply = await plane.operate('POST', '/operator-keys', body)
    expect(reply).toMatchObject({ status: 400, error: { code, param } })
  })

  test('makes a second operator real', async () => {
    const [first, second] = [await newOperator(), await newOperator()]
    const id = await plane.newAccount()
    const large = { amount_usd: '500', reason: 'r', reference: 'LARGE-1' }
    await plane.operate('POST', `/accounts/${id}/adjustments`, large, first.key)
    const path = '/adjustments/LARGE-1/approve'
    expect((await plane.operate('POST', path, undefined, first.key)).status).toBe(403)
    expect((await plane.operate('POST', path, undefined, second.key)).status).toBe(200)
  })
})

describe('revoking an operator key', () => {
  test('refuses it from then on, and again is no error', async () => {
    const { id, key } = await newOperator()
    for (let times = 0; times < 2; times += 1) {
      expect(await revoke(id)).toMatchObject({ status: 200, body: { id, status: 'revoked' } })
    }
    const refused = await plane.operate('GET', '/accounts', undefined, key)
    expect(refused).toMatchObject({ status: 401, error: { code: 'invalid_operator_key' } })
  })

  test.each(['key_01ARZ3NDEKTSV4RRFFQ69G5FAV', 'nobody'])('%s is not found', async (id) => {
    expect(await revoke(id)).toMatchObject({ status: 404, error: { code: 'key_not_found' } })
  })
})

describe('the list of operator keys', () => {
  test('names all, revoked ones too, in pages, and shows no secret', async () => {
    const made = [await newOperator('support', 'Cleo'), await newOperator('viewer', 'Dora')]
    await revoke(made[0]?.id ?? '')
    const seen: unknown[] = []
    let query = '?limit=2'
    for (let page = 0; page < 20; page += 1) {
      const { body } = await plane.operate('GET', `/operator-keys${query}`)
      expect(JSON.stringify(body)).not.toMatch(/op-b3iq|hash/i)
      seen.push(...z.array(z.object({}).loose()).parse(body.data))
      if (body.next === null) break
      query = `?limit=2&after=${body.next}`
    }
    expect(seen).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ id: made[0]?.id, name: 'Cleo', status: 'revoked' }),
        expect.objectContaining({ id: made[1]?.id, name: 'Dora', status: 'active' }),
      ]),
    )
    expect(new Set(seen.map((one) => JSON.stringify(one))).size).toBe(seen.length)
  })
})

test('the last owner cannot be revoked, also not by two owners at the same time', async () => {
  const fresh = await startControlPlane()
  try {
    const bootstrap = fresh.bootstrapOf({ kind: 'iam' })
    const minted = await replyOf(await bootstrap.request('/admin/bootstrap', { method: 'POST' }))
    const { id, key } = Minted.parse(minted.body)
    const last = await fresh.operate('DELETE', `/operator-keys/${id}`, undefined, key)
    expect(last).toMatchObject({ status: 409, error: { code: 'state_conflict' } })

    const draft = { name: 'Eve', role: 'owner' }
    const { body: other } = await fresh.operate('POST', '/operator-keys', draft, key)
    const replies = await Promise.all([
      fresh.operate('DELETE', `/operator-keys/${id}`),
      fresh.operate('DELETE', `/operator-keys/${other.id}`),
    ])
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 409])
  } finally {
    await fresh.stop()
  }
})
