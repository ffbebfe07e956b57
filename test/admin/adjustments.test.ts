import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts'

let plane: ControlPlane
/** Another operator than the one that `operate` calls as. */
let second: string
beforeAll(async () => {
  plane = await startControlPlane()
  second = plane.operatorKey('operator')
})
afterAll(() => plane.stop())

let references = 0
const nextReference = () => {
  references += 1
  return `TICKET-${references}`
}

const adjust = (id: string, changes: object = {}) =>
  plane.operate('POST', `/accounts/${id}/adjustments`, {
    amount_usd: '5.00',
    reason: 'billed twice in October',
    reference: nextReference(),
    ...changes,
  })

const approve = (reference: string, key = second) =>
  plane.operate('POST', `/adjustments/${encodeURIComponent(reference)}/approve`, undefined, key)

const availableUsd = async (id: string) => {
  const { body } = await plane.operate('GET', `/accounts/${id}`)
  return body.wallet
}

describe('a small adjustment', () => {
  test('is posted at once, on one operator’s word', async () => {
    const id = await plane.newAccount()
    const { status, body } = await adjust(id, { reference: 'TICKET-A' })
    expect(status).toBe(200)
    expect(body).toMatchObject({
      object: 'adjustment',
      reference: 'TICKET-A',
      account_id: id,
      amount_usd: '5',
      reason: 'billed twice in October',
      status: 'posted',
      entry: {
        kind: 'adjustment',
        by: plane.ownerKeyId,
        legs: [
          { account: 'adjustments', amount_usd: '-5' },
          { account: `customer:${id}`, amount_usd: '5' },
        ],
      },
    })
    expect(await availableUsd(id)).toMatchObject({ available_usd: '5', funded_usd: '5' })
    expect((await plane.operate('GET', '/adjustments/TICKET-A')).body).toEqual(body)
  })

  test('takes money away, but none that is not there', async () => {
    const id = await plane.newAccount()
    await adjust(id)
    const taken = await adjust(id, { amount_usd: '-4.50' })
    expect(taken.body).toMatchObject({ amount_usd: '-4.5', status: 'posted' })
    const tooMuch = await adjust(id, { amount_usd: '-0.50001' })
    expect(tooMuch).toMatchObject({ status: 409, error: { code: 'state_conflict' } })
    expect(tooMuch.error.message).toContain('does not cover')
    expect(await availableUsd(id)).toMatchObject({ available_usd: '0.5', funded_usd: '0.5' })
  })

  test('counts once per reference', async () => {
    const id = await plane.newAccount()
    const same = { reference: 'TICKET-B' }
    const replies = [await adjust(id, same), await adjust(id, same)]
    expect(replies[1]?.body).toEqual(replies[0]?.body)
    const other = await adjust(id, { ...same, amount_usd: '-5' })
    expect(other).toMatchObject({ status: 409, error: { code: 'reference_reused' } })
    expect(await availableUsd(id)).toMatchObject({ available_usd: '5' })
  })

  test.each(['100', '-100'])('is one of up to 100 dollars: %s', async (amount_usd) => {
    const id = await plane.newAccount()
    await adjust(id, { amount_usd: '100' })
    expect((await adjust(id, { amount_usd })).body.status).toBe('posted')
  })
})

describe('an adjustment above the limit', () => {
  const large = { amount_usd: '100.000000001' }

  test('waits, and moves nothing until another operator approves it', async () => {
    const id = await plane.newAccount()
    const asked = await adjust(id, { ...large, reference: 'TICKET-C' })
    expect(asked).toMatchObject({
      status: 200,
      body: {
        object: 'adjustment',
        amount_usd: '100.000000001',
        status: 'awaiting_approval',
        requested_by: plane.ownerKeyId,
        entry: null,
      },
    })
    expect((await plane.operate('GET', '/adjustments/TICKET-C')).body).toEqual(asked.body)
    expect(await availableUsd(id)).toMatchObject({ available_usd: '0' })

    const approved = await approve('TICKET-C')
    expect(approved).toMatchObject({
      status: 200,
      body: { reference: 'TICKET-C', status: 'posted', entry: { kind: 'adjustment' } },
    })
    expect(approved.body.entry).not.toMatchObject({ by: plane.ownerKeyId })
    expect(await availableUsd(id)).toMatchObject({ available_usd: '100.000000001' })
  })

  test('is not approved by who asked for it, whatever the role', async () => {
    const id = await plane.newAccount()
    const reference = nextReference()
    const ask = { ...large, reason: 'r', reference }
    const key = plane.operatorKey('operator')
    await plane.operate('POST', `/accounts/${id}/adjustments`, ask, key)
    const refused = await approve(reference, key)
    expect(refused).toMatchObject({ status: 403, error: { code: 'second_operator_required' } })
    expect(await availableUsd(id)).toMatchObject({ available_usd: '0' })
    expect((await approve(reference)).status).toBe(200)
  })

  test('is posted once, however often it is approved or asked for', async () => {
    const id = await plane.newAccount()
    const asked = { ...large, reference: 'TICKET-D' }
    await adjust(id, asked)
    const approvals = await Promise.all([approve('TICKET-D'), approve('TICKET-D')])
    expect(approvals.map(({ status }) => status)).toEqual([200, 200])
    expect(approvals[1]?.body).toEqual(approvals[0]?.body)
    expect((await adjust(id, asked)).body).toEqual(approvals[0]?.body)
    expect(await availableUsd(id)).toMatchObject({ available_usd: '100.000000001' })
  })

  test('may take money that is not there any more when it is approved: then it is not', async () => {
    const id = await plane.newAccount()
    await adjust(id, { amount_usd: '100' })
    await adjust(id, { amount_usd: '-100.5', reference: 'TICKET-E' })
    const early = await approve('TICKET-E')
    expect(early).toMatchObject({ status: 409, error: { code: 'state_conflict' } })
    await adjust(id, { amount_usd: '0.5' })
    expect((await approve('TICKET-E')).status).toBe(200)
    expect(await availableUsd(id)).toMatchObject({ available_usd: '0' })
  })

  test('keeps its reference from any other', async () => {
    const id = await plane.newAccount()
    await adjust(id, { ...large, reference: 'TICKET-F' })
    const other = await adjust(id, { amount_usd: '200', reference: 'TICKET-F' })
    expect(other).toMatchObject({ status: 409, error: { code: 'reference_reused' } })
  })
})

describe('an adjustment is refused', () => {
  test.each(['0', '-0', '0.00', '--1', '+1', '1e3', '-', '', '-1234567890123'])(
    'of "%s"',
    async (amount_usd) => {
      const reply = await adjust(await plane.newAccount(), { amount_usd })
      expect(reply).toMatchObject({
        status: 400,
        error: { code: 'invalid_value', param: 'amount_usd' },
      })
    },
  )

  test.each([
    [{ reason: ' ' }, 'reason'],
    [{ reason: 'x'.repeat(257) }, 'reason'],
    [{ reference: 'a/b' }, 'reference'],
    [{ reference: 'x'.repeat(129) }, 'reference'],
  ])('with %j', async (changes, param) => {
    const reply = await adjust(await plane.newAccount(), changes)
    expect(reply).toMatchObject({ status: 400, error: { code: 'invalid_value', param } })
  })

  test.each(['5', '500'])('of %s for an account that is not there', async (amount_usd) => {
    const reply = await adjust('acct_01ARZ3NDEKTSV4RRFFQ69G5FAV', { amount_usd })
    expect(reply).toMatchObject({ status: 404, error: { code: 'account_not_found' } })
  })

  test.each(['TICKET-never', 'a%2Fb', 'x'.repeat(300)])('approval of %s', async (reference) => {
    const path = `/adjustments/${reference}`
    const notFound = { status: 404, error: { code: 'adjustment_not_found' } }
    expect(await plane.operate('POST', `${path}/approve`)).toMatchObject(notFound)
    expect(await plane.operate('GET', path)).toMatchObject(notFound)
  })

  test('a reference of another kind of entry is no adjustment', async () => {
    const id = await plane.newAccount()
    const credit = { amount_usd: '5', kind: 'top_up', reference: 'a-payment' }
    await plane.operate('POST', `/accounts/${id}/credits`, credit)
    expect((await plane.operate('GET', '/adjustments/a-payment')).status).toBe(404)
    const reply = await adjust(id, { reference: 'a-payment' })
    expect(reply).toMatchObject({ status: 409, error: { code: 'reference_reused' } })
  })
})

test('a reference may be written encoded in a path', async () => {
  const id = await plane.newAccount()
  await adjust(id, { amount_usd: '200', reference: 'desk:7@x' })
  expect((await approve('desk:7@x')).body).toMatchObject({ status: 'posted' })
})
