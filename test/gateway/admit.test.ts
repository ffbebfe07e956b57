import { describe, expect, test } from 'vitest'
import { ids } from '../../src/adapters/system.ts'
import { admit, allowsModel, identify } from '../../src/gateway/admit.ts'
import { type CustomerKey, hashKey, makeKey } from '../../src/keys/api-key.ts'
import { aKey } from '../adapters/dynamodb/facts.ts'

const peppers = { current: 'p1', byId: new Map([['p1', Buffer.alloc(32, 7)]]) }
const token = makeKey('sk-b3iq', peppers, ids)
const keyHash = hashKey(token, 'sk-b3iq', peppers) ?? ''

function storeOf(changes: Partial<CustomerKey> = {}) {
  const key: CustomerKey = { ...aKey('acct_1', { ...changes, keyHash }), ordinal: 1 }
  const asked: string[] = []
  const keys = async (hash: string) => {
    asked.push(hash)
    return hash === keyHash ? key : undefined
  }
  return { key, asked, deps: { peppers, keys } }
}
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

describe('the models of a key', () => {
  const allows = (models_allowed: string[] | undefined, model: string) =>
    allowsModel(storeOf({ policy: { exposes_node_id: false, models_allowed } }).key, model)

  test.each([
    ['without a list', undefined, 'maker/model', true],
    ['by name', ['maker/model'], 'maker/model', true],
    ['by maker', ['maker/*'], 'maker/model', true],
    ['by star', ['*'], 'maker/model', true],
    ['another name', ['maker/mode'], 'maker/model', false],
    ['another maker', ['make/*'], 'maker/model', false],
    ['an empty list', [], 'maker/model', false],
    ['a star within', ['ma*/model'], 'maker/model', false],
  ])('%s', (_, allowed, model, expected) => {
    expect(allows(allowed, model)).toBe(expected)
  })
})
