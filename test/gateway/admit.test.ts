import { describe, expect, test } from 'vitest'
import { ids } from '../../src/adapters/system.ts'
import { admit, admitAny, allowsModel, identify } from '../../src/gateway/admit.ts'
import { type CustomerKey, hashKey, makeKey } from '../../src/keys/api-key.ts'
import { aKey, anAccountId, nowMs } from '../adapters/dynamodb/facts.ts'

const peppers = { current: 'p1', byId: new Map([['p1', Buffer.alloc(32, 7)]]) }
const token = makeKey('sk-b3iq', peppers, ids)
const keyHash = hashKey(token, 'sk-b3iq', peppers) ?? ''

function storeOf(changes: Partial<CustomerKey> = {}) {
  const key: CustomerKey = { ...aKey(own, { ...changes, keyHash }), ordinal: 3 }
  const asked: string[] = []
  const keys = async (hash: string) => {
    asked.push(hash)
    return hash === keyHash ? key : undefined
  }
  const account = (accountId: string, smoke: boolean) => ({
    accountId,
    name: 'Customer',
    smoke,
    createdAtMs: 0,
  })
  const flagged = [own, otherSmoke]
  const accounts = async (id: string) => account(id, flagged.includes(id))
  return { key, asked, deps: { peppers, keys, accounts, nowMs: () => nowMs } }
}
const [own, otherSmoke, customer] = [anAccountId(), anAccountId(), anAccountId()]
const withHeaders = (headers: Record<string, string>) => new Headers(headers)
const bearer = withHeaders({ authorization: `Bearer ${token}` })

describe('who calls', () => {
  test('is found by the hash of the key alone', async () => {
    const { deps, key, asked } = storeOf()
    expect(await identify(deps, bearer)).toEqual(key)
    expect(asked).toEqual([keyHash])
  })

  test.each([
    ['nothing', {}],
    ['another scheme', { authorization: 'Basic dXNlcjpwYXNz' }],
    ['no key of ours', { authorization: 'Bearer sk-123' }],
    ['an operator key', { authorization: `Bearer ${makeKey('op-b3iq', peppers, ids)}` }],
    ['an unknown pepper', { authorization: `Bearer sk-b3iq-p2-${'A'.repeat(43)}` }],
  ])('is nobody with %s, and nothing is read', async (_, headers) => {
    const { deps, asked } = storeOf()
    expect(await identify(deps, withHeaders(headers))).toBeUndefined()
    expect(asked).toEqual([])
  })

  test('is nobody with an unknown or a revoked key', async () => {
    const unknown = withHeaders({ authorization: `Bearer ${makeKey('sk-b3iq', peppers, ids)}` })
    expect(await identify(storeOf().deps, unknown)).toBeUndefined()
    expect(await identify(storeOf({ status: 'revoked' }).deps, bearer)).toBeUndefined()
  })

  test('is nobody from the moment on at which the key expires', async () => {
    const until = async (expiresAtMs: number) =>
      (await identify(storeOf({ expiresAtMs }).deps, bearer)) !== undefined
    expect(await until(nowMs + 1)).toBe(true)
    expect(await until(nowMs)).toBe(false)
  })
})

describe('what the key may do', () => {
  test('is what its scopes say', async () => {
    const { deps, key } = storeOf({ scopes: ['billing:read'] })
    expect(await admit(deps, bearer, 'billing:read')).toEqual({ ok: true, value: key })
    expect(await admit(deps, bearer, 'inference')).toEqual({
      ok: false,
      error: { code: 'missing_scope', detail: { scope: 'inference' } },
    })
  })

  test('is nothing beside a customer named in a header', async () => {
    const headers = withHeaders({ authorization: `Bearer ${token}`, 'X-B3IQ-Customer': 'x' })
    expect(await admit(storeOf().deps, headers, 'inference')).toMatchObject({
      error: { code: 'customer_header_not_allowed' },
    })
  })

  test('is not told to whoever has no key', async () => {
    const headers = withHeaders({ 'X-B3IQ-Customer': 'x' })
    expect(await admit(storeOf().deps, headers, 'inference')).toEqual({
      ok: false,
      error: { code: 'invalid_api_key' },
    })
  })
})

describe('a smoke key', () => {
  const smoke: Partial<CustomerKey> = { scopes: ['smoke'], requestsPerMinute: 5 }
  const naming = (name: string) =>
    withHeaders({ authorization: `Bearer ${token}`, 'X-B3IQ-Customer': name })
  const notAllowed = {
    ok: false,
    error: { code: 'customer_header_not_allowed', param: 'X-B3IQ-Customer' },
  }

  test('may ask for its own account', async () => {
    const { deps, key } = storeOf(smoke)
    expect(await admit(deps, bearer, 'inference')).toEqual({ ok: true, value: key })
    expect(await admit(deps, bearer, 'billing:read')).toMatchObject({
      error: { code: 'missing_scope' },
    })
  })

  test('asks as the flagged account that it names, under an ordinal that no key has', async () => {
    const { deps, key } = storeOf(smoke)
    expect(await admit(deps, naming(otherSmoke), 'inference')).toEqual({
      ok: true,
      value: {
        ...key,
        asItself: { accountId: key.accountId, ordinal: key.ordinal },
        accountId: otherSmoke,
        ordinal: 0,
        spendPerDay: 1_000_000_000n,
      },
    })
  })

  test.each([
    ['by its policy', { smoke_usd_per_day: '2.5' }, undefined, 2_500_000_000n],
    ['by its own cap where that is lower', {}, 7n, 7n],
    ['by its policy where that is lower', { smoke_usd_per_day: '0' }, 7n, 0n],
  ])('is capped %s', async (_, policy, spendPerDay, cap) => {
    const rules = { exposes_node_id: false, ...policy }
    const { deps } = storeOf({ ...smoke, policy: rules, spendPerDay })
    const admitted = await admit(deps, naming(otherSmoke), 'inference')
    expect(admitted).toMatchObject({ value: { spendPerDay: cap } })
  })

  test.each([
    ['an account that is not flagged', smoke, customer],
    ['what is no account', smoke, '../acct'],
    ['anybody without the scope', { scopes: ['inference', 'billing:read'] } as const, otherSmoke],
  ])('may not name %s', async (_, changes, name) => {
    expect(await admit(storeOf(changes).deps, naming(name), 'inference')).toEqual(notAllowed)
  })

  test('of an account that lost its flag names nobody', async () => {
    const { deps } = storeOf(smoke)
    const accounts = async (id: string) => {
      const account = await deps.accounts(id)
      return { ...account, smoke: id !== own }
    }
    expect(await admit({ ...deps, accounts }, naming(otherSmoke), 'inference')).toEqual(notAllowed)
  })

  test('reads nobody else’s balance and no key of theirs', async () => {
    const { deps } = storeOf({ scopes: ['smoke', 'billing:read'] })
    expect(await admit(deps, naming(otherSmoke), 'billing:read')).toEqual(notAllowed)
    expect(await admitAny(deps, naming(otherSmoke))).toEqual(notAllowed)
    expect(await admitAny(deps, bearer)).toMatchObject({ ok: true })
  })
})

describe('the models of a key', () => {
  const allows = (models_allowed: string[] | undefined, model: string, denied?: string[]) => {
    const policy = { exposes_node_id: false, models_allowed, models_denied: denied }
    return allowsModel(storeOf({ policy }).key, model)
  }

  test.each([
    ['without a list', undefined, 'maker/model', true],
    ['by name', ['maker/model'], 'maker/model', true],
    ['by maker', ['maker/*'], 'maker/model', true],
    ['by star', ['*'], 'maker/model', true],
    ['another name', ['maker/mode'], 'maker/model', false],
    ['another maker', ['make/*'], 'maker/model', false],
    ['an empty list', [], 'maker/model', false],
    ['a star within', ['ma*/model'], 'maker/model', true],
    ['a star that matches nothing', ['maker/model*'], 'maker/model', true],
  ])('%s', (_, allowed, model, expected) => {
    expect(allows(allowed, model)).toBe(expected)
  })

  test.each([
    ['alone', undefined],
    ['although it is allowed by name', ['maker/model']],
  ])('are without what is denied, %s', (_, allowed) => {
    expect(allows(allowed, 'maker/model', ['*/mod*'])).toBe(false)
    expect(allows(['*'], 'maker/other', ['*/mod*'])).toBe(true)
  })
})
