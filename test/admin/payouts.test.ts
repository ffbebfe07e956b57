import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts'
import { type PlaneLedger, planeLedger } from '../support/plane-ledger.ts'
import { enrolledHost } from '../support/test-host.ts'

let plane: ControlPlane
let ledger: PlaneLedger
beforeAll(async () => {
  plane = await startControlPlane()
  ledger = planeLedger(plane)
})
afterAll(() => plane.stop())

/** A node to which `usd` are payable. */
async function earner(usd = '0.008') {
  const { nodeId } = await enrolledHost(plane)
  await earn(nodeId, usd)
  return nodeId
}

async function earn(nodeId: string, usd: string): Promise<void> {
  const id = await plane.newAccount()
  const credit = { amount_usd: '10', kind: 'top_up', reference: `paid-${id}` }
  await plane.operate('POST', `/accounts/${id}/credits`, credit)
  await ledger.charged(id, { nodeId, chargeUsd: String(Number(usd) / 0.8) })
  await ledger.accrue(id)
}

const confirm = (nodeId: string, period: string, changes: object = {}) =>
  plane.operate('POST', `/payouts/${nodeId}/${period}/confirm`, {
    state: 'paid',
    transfer_id: 'tr_1',
    ...changes,
  })

const earningsOf = async (nodeId: string) =>
  (await plane.operate('GET', `/nodes/${nodeId}/earnings`)).body

describe('earnings', () => {
  test('of a node that never earned are nothing', async () => {
    const { nodeId } = await enrolledHost(plane)
    expect(await earningsOf(nodeId)).toEqual({
      object: 'earnings',
      node_id: nodeId,
      accrued_usd: '0',
      payable_usd: '0',
      in_transit_usd: '0',
      paid_usd: '0',
      clawed_back_usd: '0',
      escrowed_usd: '0',
    })
  })

  test('show where the money is, from accrual to payment', async () => {
    const nodeId = await earner('0.008')
    expect(await earningsOf(nodeId)).toMatchObject({ accrued_usd: '0.008', payable_usd: '0.008' })
    await ledger.payOut(nodeId, '2026-11-20')
    expect(await earningsOf(nodeId)).toMatchObject({ payable_usd: '0', in_transit_usd: '0.008' })
    await confirm(nodeId, '2026-11-20')
    expect(await earningsOf(nodeId)).toMatchObject({
      accrued_usd: '0.008',
      in_transit_usd: '0',
      paid_usd: '0.008',
    })
  })

  test('of no node are not found', async () => {
    const reply = await plane.operate('GET', `/nodes/n_${'a'.repeat(26)}/earnings`)
    expect(reply).toMatchObject({ status: 404, error: { code: 'node_not_found' } })
  })
})

describe('payouts', () => {
  test('are listed by node, newest period first, in pages', async () => {
    const nodeId = await earner('0.008')
    await ledger.payOut(nodeId, '2026-11-20')
    await earn(nodeId, '0.004')
    await ledger.payOut(nodeId, '2026-11-21')
    const first = await plane.operate('GET', `/payouts?node_id=${nodeId}&limit=1`)
    expect(first.body).toEqual({
      object: 'list',
      has_more: true,
      next: '2026-11-21',
      data: [
        {
          object: 'payout',
          node_id: nodeId,
          period: '2026-11-21',
          amount_usd: '0.004',
          state: 'in_transit',
          closed_at: new Date(plane.nowMs()).toISOString(),
          transfer_id: null,
        },
      ],
    })
    const query = `node_id=${nodeId}&limit=1&after=${first.body.next}`
    expect((await plane.operate('GET', `/payouts?${query}`)).body).toMatchObject({
      has_more: false,
      data: [{ period: '2026-11-20', amount_usd: '0.008' }],
    })
  })

  test('need to know of which node', async () => {
    const reply = await plane.operate('GET', '/payouts')
    expect(reply).toMatchObject({ status: 400, error: { param: 'node_id' } })
  })
})

describe('a confirmation', () => {
  test('is heard once, however often it is said', async () => {
    const nodeId = await earner()
    await ledger.payOut(nodeId, '2026-11-20')
    const replies = [await confirm(nodeId, '2026-11-20'), await confirm(nodeId, '2026-11-20')]
    for (const reply of replies) {
      expect(reply).toMatchObject({
        status: 200,
        body: { object: 'payout', period: '2026-11-20', state: 'paid', transfer_id: 'tr_1' },
      })
    }
    expect(await earningsOf(nodeId)).toMatchObject({ paid_usd: '0.008' })
  })

  test('that the transfer came back makes the money payable again', async () => {
    const nodeId = await earner()
    await ledger.payOut(nodeId, '2026-11-20')
    const reply = await confirm(nodeId, '2026-11-20', { state: 'returned' })
    expect(reply.body).toMatchObject({ state: 'returned' })
    expect(await earningsOf(nodeId)).toMatchObject({ payable_usd: '0.008', paid_usd: '0' })
  })

  test.each([
    ['the other way', { state: 'returned' }],
    ['under another transfer', { transfer_id: 'tr_2' }],
  ])('does not stand beside another, %s', async (_, changes) => {
    const nodeId = await earner()
    await ledger.payOut(nodeId, '2026-11-20')
    await confirm(nodeId, '2026-11-20')
    expect(await confirm(nodeId, '2026-11-20', changes)).toMatchObject({
      status: 409,
      error: { code: 'state_conflict', state: 'paid', transfer_id: 'tr_1' },
    })
    expect(await earningsOf(nodeId)).toMatchObject({ paid_usd: '0.008' })
  })

  test.each(['2026-11-19', '2026-13-40', 'today'])(
    'of %s, never closed, is none',
    async (period) => {
      const nodeId = await earner()
      const reply = await confirm(nodeId, period)
      expect(reply).toMatchObject({ status: 404, error: { code: 'payout_not_found' } })
    },
  )

  test.each([
    [{ state: 'lost' }, 'state'],
    [{ transfer_id: '' }, 'transfer_id'],
    [{ transfer_id: 'two words' }, 'transfer_id'],
  ])('with %j is refused', async (changes, param) => {
    const reply = await confirm(`n_${'a'.repeat(26)}`, '2026-11-20', changes)
    expect(reply).toMatchObject({ status: 400, error: { code: 'invalid_value', param } })
  })
})
