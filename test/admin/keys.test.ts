import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { makeKeyStore } from '../../src/adapters/dynamodb/key-store.ts'
import { hashKey } from '../../src/keys/api-key.ts'
import { aKey } from '../adapters/dynamodb/facts.ts'
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts'

let plane: ControlPlane
let account: string
beforeAll(async () => {
  plane = await startControlPlane()
  account = await newAccount()
})
afterAll(() => plane.stop())

const newAccount = async (): Promise<string> => {
  const { body } = await plane.operate('POST', '/accounts', { name: 'Ada' })
  return z.string().parse(body.id)
}
const newKey = (changes: object = {}) =>
  plane.operate('POST', '/keys', { account_id: account, name: 'ci', ...changes })

const storedKey = (secret: unknown) => {
  const hash = hashKey(z.string().parse(secret), 'sk-b3iq', plane.peppers)
  return makeKeyStore(plane).readByHash(hash ?? '')
}

describe('a key', () => {
  test('is shown once, and works by its hash', async () => {
    const made = await newKey()
    const { key, ...view } = made.body
    expect(made.status).toBe(200)
    expect(made.headers.get('cache-control')).toBe('no-store')
    expect(key).toMatch(/^sk-b3iq-p1-[A-Za-z0-9_-]{43}$/)
    expect(view).toEqual({
      object: 'key',
      id: expect.stringMatching(/^key_/),
      account_id: account,
      name: 'ci',
      status: 'active',
      scopes: ['inference'],
      policy: { exposes_node_id: false },
      limits: {
        spend_usd_per_day: null,
        spend_usd_per_month: null,
        requests_per_minute: null,
        tokens_per_minute: null,
        concurrency: null,
      },
      expires_at: null,
      previous_secret_valid_until: null,
      created_at: new Date(plane.nowMs()).toISOString(),
    })
    expect((await plane.operate('GET', `/keys/${view.id}`)).body).toEqual(view)
    expect(await storedKey(key)).toMatchObject({ keyId: view.id, status: 'active' })
  })

  test('takes scopes, policy and limits', async () => {
    const { body } = await newKey({
      scopes: ['inference', 'billing:read', 'inference'],
      policy: {
        models_allowed: ['maker/*'],
        models_denied: ['*-preview'],
        route_tiers: ['portable_local'],
        trust_tiers: ['T1'],
        max_price: { completion_usd_per_mtok: '2' },
      },
      limits: {
        spend_usd_per_day: '1.50',
        requests_per_minute: 60,
        tokens_per_minute: 100_000,
        concurrency: 4,
      },
    })
    expect(body).toMatchObject({
      scopes: ['inference', 'billing:read'],
      policy: {
        models_allowed: ['maker/*'],
        models_denied: ['*-preview'],
        route_tiers: ['portable_local'],
        trust_tiers: ['T1'],
        max_price: { completion_usd_per_mtok: '2' },
        exposes_node_id: false,
      },
      limits: {
        spend_usd_per_day: '1.5',
        spend_usd_per_month: null,
        requests_per_minute: 60,
        tokens_per_minute: 100_000,
        concurrency: 4,
      },
    })
    expect(await storedKey(body.key)).toMatchObject({
      spendPerDay: 1_500_000_000n,
      requestsPerMinute: 60,
      tokensPerMinute: 100_000,
      concurrency: 4,
    })
  })

  test.each([
    [{ name: undefined }, 'missing_required_parameter', 'name'],
    [{ account_id: 'ada' }, 'invalid_value', 'account_id'],
    [{ scopes: [] }, 'invalid_value', 'scopes'],
    [{ scopes: ['admin'] }, 'invalid_value', 'scopes.0'],
    [{ policy: { models: [] } }, 'invalid_value', 'policy.models'],
    [{ limits: { spend_usd_per_day: 5 } }, 'invalid_value', 'limits.spend_usd_per_day'],
    [{ limits: { spend_usd_per_month: '007' } }, 'invalid_value', 'limits.spend_usd_per_month'],
    [{ limits: { requests_per_minute: 0 } }, 'invalid_value', 'limits.requests_per_minute'],
    [{ limits: { tokens_per_minute: 1.5 } }, 'invalid_value', 'limits.tokens_per_minute'],
    [{ limits: { concurrency: 65 } }, 'invalid_value', 'limits.concurrency'],
    [{ policy: { models_denied: [''] } }, 'invalid_value', 'policy.models_denied.0'],
    [
      { policy: { max_price: { prompt_usd_per_mtok: 1 } } },
      'invalid_value',
      'policy.max_price.prompt_usd_per_mtok',
    ],
    [{ policy: { smoke_usd_per_day: '-1' } }, 'invalid_value', 'policy.smoke_usd_per_day'],
    [{ expires_at: 'tomorrow' }, 'invalid_value', 'expires_at'],
    [{ expires_at: '2020-01-01T00:00:00Z' }, 'invalid_value', 'expires_at'],
    [{ scopes: ['smoke'] }, 'invalid_value', 'scopes'],
  ])('with %j is refused', async (changes, code, param) => {
    expect(await newKey(changes)).toMatchObject({ status: 400, error: { code, param } })
  })

  test('of a flagged account may be a smoke key', async () => {
    const account_id = await plane.newAccount({ smoke: true })
    const policy = { smoke_usd_per_day: '0.5' }
    const made = await newKey({ account_id, scopes: ['smoke'], policy })
    expect(made).toMatchObject({ status: 200, body: { scopes: ['smoke'], policy } })
  })

  test('needs an account', async () => {
    const reply = await newKey({ account_id: 'acct_01ARZ3NDEKTSV4RRFFQ69G5FAV' })
    expect(reply).toMatchObject({ status: 404, error: { code: 'account_not_found' } })
  })

  test('with limits is refused beyond 32 of its kind, because the wallet counts each', async () => {
    const account_id = await newAccount()
    const each = [{ requestsPerMinute: 1 }, { tokensPerMinute: 1_000 }, { concurrency: 1 }]
    for (let made = 0; made < 32; made += 1) {
      const key = aKey(account_id, each[made % each.length])
      expect(await makeKeyStore(plane).createKey(key)).toBeDefined()
    }
    const tooMany = { status: 409, error: { code: 'state_conflict' } }
    const limits = { spend_usd_per_day: '1' }
    expect(await newKey({ account_id, limits })).toMatchObject(tooMany)
    const free = await newKey({ account_id })
    expect(await plane.operate('PATCH', `/keys/${free.body.id}`, { limits })).toMatchObject(tooMany)
  })
})

describe('revoking a key', () => {
  test('stops it for good: the key itself and its place on the wallet', async () => {
    const { body } = await newKey()
    const revoked = await plane.operate('DELETE', `/keys/${body.id}`)
    expect(revoked).toMatchObject({ status: 200, body: { id: body.id, status: 'revoked' } })
    const stored = await storedKey(body.key)
    expect(stored?.status).toBe('revoked')
    const wallet = await plane.wallets.readWallet(account)
    expect(wallet?.revokedKeyOrdinals).toContain(stored?.ordinal)
  })

  test('again is no error', async () => {
    const { body } = await newKey()
    await plane.operate('DELETE', `/keys/${body.id}`)
    expect((await plane.operate('DELETE', `/keys/${body.id}`)).status).toBe(200)
  })

  test.each(['key_01ARZ3NDEKTSV4RRFFQ69G5FAV', 'nobody'])('%s is not found', async (id) => {
    for (const method of ['GET', 'DELETE']) {
      const reply = await plane.operate(method, `/keys/${id}`)
      expect(reply).toMatchObject({ status: 404, error: { code: 'key_not_found' } })
    }
  })
})

describe('the list of keys', () => {
  test('is of one account, in pages, and shows no secret', async () => {
    const account_id = await newAccount()
    const made = [await newKey({ account_id }), await newKey({ account_id })]
    const first = await plane.operate('GET', `/keys?account_id=${account_id}&limit=1`)
    expect(first.body).toMatchObject({ data: [{ id: made[0]?.body.id }], has_more: true })
    const query = `account_id=${account_id}&limit=1&after=${first.body.next}`
    const second = await plane.operate('GET', `/keys?${query}`)
    expect(second.body).toMatchObject({ data: [{ id: made[1]?.body.id }], has_more: false })
    expect(JSON.stringify([first.body, second.body])).not.toMatch(/sk-b3iq|hash/i)
  })

  test('needs to know of which account', async () => {
    const reply = await plane.operate('GET', '/keys')
    expect(reply).toMatchObject({ status: 400, error: { param: 'account_id' } })
  })
})
