import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts'

let plane: ControlPlane
beforeAll(async () => {
  plane = await startControlPlane()
})
afterAll(() => plane.stop())

const credit = (id: string, changes: object = {}) =>
  plane.operate('POST', `/accounts/${id}/credits`, {
    amount_usd: '25.00',
    kind: 'top_up',
    reference: `pay-${id}`,
    ...changes,
  })

describe('a credit', () => {
  test('adds to what the customer may spend', async () => {
    const id = await plane.newAccount()
    const reply = await credit(id, { amount_usd: '0.000000001' })
    expect(reply).toMatchObject({
      status: 200,
      body: {
        object: 'credit',
        account_id: id,
        kind: 'top_up',
        amount_usd: '0.000000001',
        reference: `pay-${id}`,
        created_at: new Date(plane.nowMs()).toISOString(),
      },
    })
    const { body } = await plane.operate('GET', `/accounts/${id}`)
    expect(body.wallet).toMatchObject({ available_usd: '0.000000001', funded_usd: '0.000000001' })
  })

  test('counts once per reference, however often and in whatever spelling it is sent', async () => {
    const id = await plane.newAccount()
    const replies = await Promise.all([credit(id), credit(id), credit(id, { amount_usd: '25' })])
    expect(replies.map((reply) => reply.status)).toEqual([200, 200, 200])
    expect(new Set(replies.map((reply) => reply.body.id)).size).toBe(1)
    const { body } = await plane.operate('GET', `/accounts/${id}`)
    expect(body.wallet).toMatchObject({ available_usd: '25' })
  })

  test('that is a grant is counted as one', async () => {
    const id = await plane.newAccount()
    await credit(id, { kind: 'grant', amount_usd: '3' })
    await credit(id, { reference: `pay-more-${id}` })
    const { body } = await plane.operate('GET', `/accounts/${id}`)
    expect(body.wallet).toMatchObject({ funded_usd: '28', granted_usd: '3' })
  })

  test('is posted in the name of the operator', async () => {
    const id = await plane.newAccount()
    const { body } = await credit(id)
    const entry = await plane.journal.readEntry(`pay-${id}`)
    expect(entry).toMatchObject({ entryId: body.id, by: plane.ownerKeyId })
  })

  test.each([
    ['amount', { amount_usd: '25.01' }],
    ['kind', { kind: 'grant' }],
  ])('is refused where its reference stands for another %s', async (_, changes) => {
    const id = await plane.newAccount()
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
    const [id, other] = [await plane.newAccount(), await plane.newAccount()]
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
      const id = await plane.newAccount()
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
    const reply = await credit(await plane.newAccount(), changes)
    expect(reply).toMatchObject({ status: 400, error: { code: 'invalid_value', param } })
  })
})
