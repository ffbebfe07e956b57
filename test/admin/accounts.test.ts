import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts'

let plane: ControlPlane
beforeAll(async () => {
  plane = await startControlPlane()
})
afterAll(() => plane.stop())

const newAccount = async (name = 'Ada'): Promise<string> => {
  const { body } = await plane.operate('POST', '/accounts', { name })
  return z.string().parse(body.id)
}

const credit = (id: string, changes: object = {}) =>
  plane.operate('POST', `/accounts/${id}/credits`, {
    amount_usd: '25.00',
    kind: 'top_up',
    reference: `pay-${id}`,
    ...changes,
  })

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
        open_holds: 0,
      },
    })
  })

  test.each([
    [{}, 'missing_required_parameter', 'name'],
    [{ name: ' ' }, 'invalid_value', 'name'],
    [{ name: 'Ada', tags: [] }, 'invalid_value', 'tags'],
    [{ name: 'Ada', smoke: 'yes' }, 'invalid_value', 'smoke'],
  ])('is not made of %j', async (body, code, param) => {
    const reply = await plane.operate('POST', '/accounts', body)
    expect(reply).toMatchObject({ status: 400, error: { code, param } })
  })

  test.each(['acct_01ARZ3NDEKTSV4RRFFQ69G5FAV', 'nobody', 'a'.repeat(3000)])(
    'that does not exist is not found',
    async (id) => {
      const reply = await plane.operate('GET', `/accounts/${id}`)
      expect(reply).toMatchObject({ status: 404, error: { code: 'account_not_found' } })
    },
  )
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

describe('a credit', () => {
  test('adds to what the customer may spend', async () => {
    const id = await newAccount()
    const reply = await credit(id, { amount_usd: '0.000000001' })
    expect(reply).toMatchObject({
      status: 200,
      body: {
        object: 'credit',
        account_id: id,
        kind: 'top_up',
        amount_usd: '0.000000001',
        reference: `pay-${id}`,
      },
    })
    const { body } = await plane.operate('GET', `/accounts/${id}`)
    expect(body.wallet).toMatchObject({ available_usd: '0.000000001', funded_usd: '0.000000001' })
  })

  test('counts once per reference, however often and in whatever spelling it is sent', async () => {
    const id = await newAccount()
    const replies = await Promise.all([credit(id), credit(id), credit(id, { amount_usd: '25' })])
    expect(replies.map((reply) => reply.status)).toEqual([200, 200, 200])
    expect(new Set(replies.map((reply) => reply.body.id)).size).toBe(1)
    const { body } = await plane.operate('GET', `/accounts/${id}`)
    expect(body.wallet).toMatchObject({ available_usd: '25' })
  })

  test.each([
    ['amount', { amount_usd: '25.01' }],
    ['kind', { kind: 'grant' }],
  ])('is refused where its reference stands for another %s', async (_, changes) => {
    const id = await newAccount()
    await credit(id)
    const reply = await credit(id, changes)
    expect(reply).toMatchObject({
      status: 409,
      error: { code: 'reference_reused', param: 'reference' },
    })
    const { body } = await plane.operate('GET', `/accounts/${id}`)
    expect(body.wallet).toMatchObject({ available_usd: '25' })
  })

  test('is refused where its reference stands for another account', async () => {
    const [id, other] = [await newAccount(), await newAccount()]
    await credit(id)
    const reply = await credit(other, { reference: `pay-${id}` })
    expect(reply).toMatchObject({ status: 409, error: { code: 'reference_reused' } })
  })

  test('needs an account', async () => {
    const reply = await credit('acct_01ARZ3NDEKTSV4RRFFQ69G5FAV')
    expect(reply).toMatchObject({ status: 404, error: { code: 'account_not_found' } })
  })

  test.each(['0', '0.00', '-1', '1e3', '01', '1.0000000001', '', 'ten', '1234567890123'])(
    'of "%s" is refused',
    async (amount_usd) => {
      const id = await newAccount()
      const reply = await credit(id, { amount_usd })
      expect(reply).toMatchObject({ status: 400, error: { param: 'amount_usd' } })
    },
  )

  test.each([
    [{ amount_usd: 25 }, 'amount_usd'],
    [{ kind: 'refund' }, 'kind'],
    [{ reference: 'has spaces' }, 'reference'],
    [{ reference: 'x'.repeat(129) }, 'reference'],
    [{ note: 'thanks' }, 'note'],
  ])('with %j is refused', async (changes, param) => {
    const reply = await credit(await newAccount(), changes)
    expect(reply).toMatchObject({ status: 400, error: { code: 'invalid_value', param } })
  })
})

test('a body beyond 64 KB is refused', async () => {
  const reply = await plane.operate('POST', '/accounts', { name: 'x'.repeat(64 * 1024) })
  expect(reply).toMatchObject({ status: 413, error: { code: 'request_too_large' } })
})
