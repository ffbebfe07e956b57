import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts'

let plane: ControlPlane
beforeAll(async () => {
  plane = await startControlPlane()
})
afterAll(() => plane.stop())

const credit = async (id: string, reference: string) => {
  plane.passMs(1)
  const draft = { amount_usd: '5', kind: 'top_up', reference }
  return plane.operate('POST', `/accounts/${id}/credits`, draft)
}

describe('the journal of an account', () => {
  test('shows each entry with all its legs, which sum to zero', async () => {
    const id = await plane.newAccount()
    const { body: made } = await credit(id, `one-${id}`)
    const { status, body } = await plane.operate('GET', `/accounts/${id}/entries`)
    expect(status).toBe(200)
    expect(body).toEqual({
      object: 'list',
      has_more: false,
      next: null,
      data: [
        {
          object: 'entry',
          id: made.id,
          kind: 'top_up',
          reference: `one-${id}`,
          by: plane.ownerKeyId,
          about: '',
          created_at: made.created_at,
          legs: [
            { account: 'wash', amount_usd: '-5' },
            { account: `customer:${id}`, amount_usd: '5' },
          ],
        },
      ],
    })
  })

  test('comes in pages, newest first', async () => {
    const id = await plane.newAccount()
    const made = [await credit(id, `a-${id}`), await credit(id, `b-${id}`)].map(
      ({ body }) => body.id,
    )
    const first = await plane.operate('GET', `/accounts/${id}/entries?limit=1`)
    expect(first.body).toMatchObject({ data: [{ id: made[1] }], has_more: true })
    const rest = `/accounts/${id}/entries?limit=1&after=${first.body.next}`
    expect((await plane.operate('GET', rest)).body).toMatchObject({
      data: [{ id: made[0] }],
      has_more: false,
    })
  })

  test('of nobody is not found', async () => {
    const reply = await plane.operate('GET', '/accounts/acct_01ARZ3NDEKTSV4RRFFQ69G5FAV/entries')
    expect(reply).toMatchObject({ status: 404, error: { code: 'account_not_found' } })
  })
})
