// A key that operators change while it is in use.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { makeKeyStore } from '../../src/adapters/dynamodb/key-store.ts'
import { hashKey } from '../../src/keys/api-key.ts'
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts'

let plane: ControlPlane
let account: string
beforeAll(async () => {
  plane = await startControlPlane()
  account = await plane.newAccount()
})
afterAll(() => plane.stop())

const Made = z.looseObject({ id: z.string(), key: z.string() })
const newKey = async (changes: object = {}) => {
  const draft = { account_id: account, name: 'ci', ...changes }
  return Made.parse((await plane.operate('POST', '/keys', draft)).body)
}
const change = (id: string, body: object) => plane.operate('PATCH', `/keys/${id}`, body)
const rotate = (id: string, body: object = {}) => plane.operate('POST', `/keys/${id}/rotate`, body)
const shown = async (id: string) => (await plane.operate('GET', `/keys/${id}`)).body
const opened = (secret: unknown) => {
  const hash = hashKey(z.string().parse(secret), 'sk-b3iq', plane.peppers)
  return makeKeyStore(plane).readByHash(hash ?? '')
}
const inMs = (ms: number) => new Date(plane.nowMs() + ms).toISOString()

describe('a change of a key', () => {
  test('is what it names and no more; null takes a rule, a limit or the expiry away', async () => {
    const { key, ...made } = await newKey({
      policy: { models_allowed: ['maker/*'], trust_tiers: ['T1'], exposes_node_id: true },
      limits: { spend_usd_per_day: '1', requests_per_minute: 60 },
      expires_at: inMs(60_000),
    })
    const changed = await change(made.id, {
      name: 'production',
      policy: { models_allowed: null, models_denied: ['maker/big'], max_price: { unit_usd: '1' } },
      limits: { requests_per_minute: null, spend_usd_per_month: '20' },
      expires_at: null,
    })
    expect(changed.body).toEqual({
      ...made,
      name: 'production',
      policy: {
        models_denied: ['maker/big'],
        trust_tiers: ['T1'],
        max_price: { unit_usd: '1' },
        exposes_node_id: true,
      },
      limits: {
        spend_usd_per_day: '1',
        spend_usd_per_month: '20',
        requests_per_minute: null,
        tokens_per_minute: null,
        concurrency: null,
      },
      expires_at: null,
    })
    expect(await shown(made.id)).toEqual(changed.body)
    expect(await opened(key)).toMatchObject({ name: 'production', spendPerMonth: 20_000_000_000n })
  })

  test.each([
    ['is', { limits: { spend_usd_per_day: '1' } }],
    ['is', { limits: { spend_usd_per_month: '20' } }],
    ['is not', { limits: { spend_usd_per_day: '3', requests_per_minute: 5 } }],
    ['is not', { limits: { spend_usd_per_day: '2' } }],
    ['is not', { limits: { spend_usd_per_day: null } }],
    ['is not', { limits: {}, name: 'other' }],
  ])('%s known as a tighter limit on spend: %j', async (is, patch) => {
    const { id, key } = await newKey({ limits: { spend_usd_per_day: '2' } })
    expect((await change(id, patch)).status).toBe(200)
    expect((await opened(key))?.spendTightenedAtMs).toBe(is === 'is' ? plane.nowMs() : undefined)
  })

  test.each([
    [{}, null],
    [{ name: ' ' }, 'name'],
    [{ scopes: ['inference'] }, 'scopes'],
    [{ account_id: 'acct_01ARZ3NDEKTSV4RRFFQ69G5FAV' }, 'account_id'],
    [{ limits: { concurrency: 0 } }, 'limits.concurrency'],
    [{ policy: { models: [] } }, 'policy.models'],
    [{ expires_at: '2020-01-01T00:00:00Z' }, 'expires_at'],
  ])('is not %j', async (body, param) => {
    const { id } = await newKey()
    const reply = await change(id, body)
    expect(reply).toMatchObject({ status: 400, error: { code: 'invalid_value', param } })
  })

  test('by several operators at once loses none of theirs', async () => {
    const { id } = await newKey()
    const replies = await Promise.all([
      change(id, { name: 'other' }),
      change(id, { limits: { concurrency: 2 } }),
    ])
    expect(replies.map(({ status }) => status)).toEqual([200, 200])
    expect(await shown(id)).toMatchObject({ name: 'other', limits: { concurrency: 2 } })
  })
})

describe('an expiry', () => {
  test('is shown once it has come, and can be put off', async () => {
    const { id } = await newKey({ expires_at: inMs(1_000) })
    expect((await shown(id)).status).toBe('active')
    plane.passMs(1_000)
    expect((await shown(id)).status).toBe('expired')
    expect((await change(id, { expires_at: inMs(1_000) })).body.status).toBe('active')
  })
})

describe('another secret', () => {
  test('is shown once, for the same key; the one before it has ended', async () => {
    const { key, ...made } = await newKey()
    const { body } = await rotate(made.id)
    const { key: next, ...view } = body
    expect(view).toEqual(made)
    expect(next).toMatch(/^sk-b3iq-p1-[A-Za-z0-9_-]{43}$/)
    expect(await shown(made.id)).toEqual(made)
    const [before, after] = [await opened(key), await opened(next)]
    expect(after).toMatchObject({ keyId: made.id, ordinal: before?.ordinal, secret: 2 })
    expect(before?.expiresAtMs).toBe(plane.nowMs())
  })

  test('leaves the one before it its grace, which the key shows until it is over', async () => {
    const { id, key } = await newKey()
    const { body } = await rotate(id, { grace_seconds: 3_600 })
    const until = inMs(3_600_000)
    expect(body.previous_secret_valid_until).toBe(until)
    expect(await opened(key)).toMatchObject({ expiresAtMs: Date.parse(until), status: 'active' })
    plane.passMs(3_600_000)
    expect((await shown(id)).previous_secret_valid_until).toBeNull()
  })

  test.each([-1, 0.5, 604_801, '60'])('with a grace of %j is refused', async (grace_seconds) => {
    const { id } = await newKey()
    expect(await rotate(id, { grace_seconds })).toMatchObject({
      status: 400,
      error: { code: 'invalid_value', param: 'grace_seconds' },
    })
  })
})

test('a revoked key is changed and replaced no more, and ends with its former secret', async () => {
  const { id, key } = await newKey()
  const { body } = await rotate(id, { grace_seconds: 60 })
  await plane.operate('DELETE', `/keys/${id}`)
  for (const secret of [key, body.key]) expect((await opened(secret))?.status).toBe('revoked')
  const conflict = { status: 409, error: { code: 'state_conflict' } }
  expect(await change(id, { name: 'late' })).toMatchObject(conflict)
  expect(await rotate(id)).toMatchObject(conflict)
})

test.each(['key_01ARZ3NDEKTSV4RRFFQ69G5FAV', 'nobody'])('%s is not found', async (id) => {
  const notFound = { status: 404, error: { code: 'key_not_found' } }
  expect(await change(id, { name: 'x' })).toMatchObject(notFound)
  expect(await rotate(id)).toMatchObject(notFound)
})
