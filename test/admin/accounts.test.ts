import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts'
import { enrolledHost } from '../support/test-host.ts'

let plane: ControlPlane
beforeAll(async () => {
  plane = await startControlPlane()
})
afterAll(() => plane.stop())

const newAccount = async (name = 'Ada'): Promise<string> => {
  const { body } = await plane.operate('POST', '/accounts', { name })
  return z.string().parse(body.id)
}

const seventeenTags = Object.fromEntries(
  Array.from({ length: 17 }, (_, index) => [`tag-${index}`, 'x']),
)

describe('an account', () => {
  test('is made with an empty wallet', async () => {
    const made = await plane.operate('POST', '/accounts', { name: 'Ada' })
    expect(made).toMatchObject({
      status: 200,
      body: {
        object: 'account',
        id: expect.stringMatching(/^acct_/),
        name: 'Ada',
        smoke: false,
        owner_id: null,
        tags: {},
        created_at: new Date(plane.nowMs()).toISOString(),
      },
    })
    const shown = await plane.operate('GET', `/accounts/${made.body.id}`)
    expect(shown.body).toEqual({
      ...made.body,
      wallet: {
        status: 'active',
        available_usd: '0',
        held_usd: '0',
        spent_usd: '0',
        funded_usd: '0',
        granted_usd: '0',
        open_holds: 0,
      },
    })
  })

  test.each([
    [{}, 'missing_required_parameter', 'name'],
    [{ name: ' ' }, 'invalid_value', 'name'],
    [{ name: 'Ada', tags: [] }, 'invalid_value', 'tags'],
    [{ name: 'Ada', tags: { 'two words': 'x' } }, 'invalid_value', 'tags.two words'],
    [{ name: 'Ada', tags: { team: '' } }, 'invalid_value', 'tags.team'],
    [{ name: 'Ada', tags: seventeenTags }, 'invalid_value', 'tags'],
    [{ name: 'Ada', smoke: 'yes' }, 'invalid_value', 'smoke'],
    [{ name: 'Ada', owner_id: 'two words' }, 'invalid_value', 'owner_id'],
  ])('is not made of %j', async (body, code, param) => {
    const reply = await plane.operate('POST', '/accounts', body)
    expect(reply).toMatchObject({ status: 400, error: { code, param } })
  })

  test('may be of somebody who owns hosts, too', async () => {
    const made = await plane.operate('POST', '/accounts', { name: 'Ada', owner_id: 'owner-1' })
    expect(made.body.owner_id).toBe('owner-1')
    const shown = await plane.operate('GET', `/accounts/${made.body.id}`)
    expect(shown.body.owner_id).toBe('owner-1')
    const own = (nodeOwner: string) => enrolledHost(plane, nodeOwner)
    const [host, other] = [await own('owner-1'), await own('owner-2')]
    const id = z.string().parse(made.body.id)
    expect(await plane.isOwnTraffic(id, host.nodeId)).toBe(true)
    expect(await plane.isOwnTraffic(id, other.nodeId)).toBe(false)
    expect(await plane.isOwnTraffic(await newAccount(), host.nodeId)).toBe(false)
  })

  test.each(['acct_01ARZ3NDEKTSV4RRFFQ69G5FAV', 'nobody', 'a'.repeat(3000)])(
    'that does not exist is not found',
    async (id) => {
      const notFound = { status: 404, error: { code: 'account_not_found' } }
      expect(await plane.operate('GET', `/accounts/${id}`)).toMatchObject(notFound)
      const change = { status: 'suspended' }
      expect(await plane.operate('PATCH', `/accounts/${id}`, change)).toMatchObject(notFound)
    },
  )
})

describe('the status of an account', () => {
  test('stands on its wallet, where every request meets it, and changes both ways', async () => {
    const id = await newAccount()
    for (const status of ['suspended', 'suspended', 'active']) {
      const reply = await plane.operate('PATCH', `/accounts/${id}`, { status })
      expect(reply).toMatchObject({ status: 200, body: { id, wallet: { status } } })
      expect((await plane.wallets.readWallet(id))?.status).toBe(status)
    }
  })
})

describe('a change of an account', () => {
  test('is all that is named at once, and nothing else', async () => {
    const made = await plane.operate('POST', '/accounts', { name: 'Ada', tags: { team: 'red' } })
    const change = (body: object) => plane.operate('PATCH', `/accounts/${made.body.id}`, body)
    const all = { name: 'Bob', smoke: true, owner_id: 'owner-9', status: 'suspended' }
    const { status, ...shown } = all
    const changed = await change(all)
    expect(changed.body).toMatchObject({ ...shown, tags: { team: 'red' }, wallet: { status } })
    expect((await change({ owner_id: null, tags: { env: 'ci' } })).body).toEqual({
      ...changed.body,
      owner_id: null,
      tags: { env: 'ci' },
    })
    expect((await change({ tags: {} })).body.tags).toEqual({})
  })

  test.each([
    [{}, null],
    [{ status: 'closed' }, 'status'],
    [{ name: '' }, 'name'],
    [{ tags: seventeenTags }, 'tags'],
    [{ balance: '5' }, 'balance'],
  ])('is not %j', async (body, param) => {
    const reply = await plane.operate('PATCH', `/accounts/${await newAccount()}`, body)
    expect(reply).toMatchObject({ status: 400, error: { code: 'invalid_value', param } })
  })
})

describe('the list of accounts', () => {
  test('comes in pages, each account once', async () => {
    const made = [await newAccount(), await newAccount(), await newAccount()]
    const seen: unknown[] = []
    let query = '?limit=2'
    for (let page = 0; page < 20; page += 1) {
      const { body } = await plane.operate('GET', `/accounts${query}`)
      const data = z.array(z.object({ id: z.string() })).parse(body.data)
      expect(data.length).toBeLessThanOrEqual(2)
      seen.push(...data.map(({ id }) => id))
      expect(body.has_more).toBe(body.next !== null)
      if (body.next === null) break
      query = `?limit=2&after=${body.next}`
    }
    expect(new Set(seen).size).toBe(seen.length)
    expect(seen).toEqual(expect.arrayContaining(made))
  })

  test.each([
    ['?limit=0', 'limit'],
    ['?limit=101', 'limit'],
    ['?limit=many', 'limit'],
    ['?after=', 'after'],
    ['?page=2', 'page'],
  ])('refuses %s', async (query, param) => {
    const reply = await plane.operate('GET', `/accounts${query}`)
    expect(reply).toMatchObject({ status: 400, error: { code: 'invalid_value', param } })
  })
})

test('a body beyond 64 KB is refused', async () => {
  const reply = await plane.operate('POST', '/accounts', { name: 'x'.repeat(64 * 1024) })
  expect(reply).toMatchObject({ status: 413, error: { code: 'request_too_large' } })
})
