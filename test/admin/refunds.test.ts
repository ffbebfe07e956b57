import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Decision } from '../../src/ledger/ports.ts'
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

/** A customer with ten dollars, of `kind`, who paid `chargeUsd` for one request to `nodeId`. */
async function chargedAccount({
  kind = 'top_up',
  chargeUsd = '0.01',
  nodeId = '',
  owner = '',
} = {}) {
  const id = await plane.newAccount(owner === '' ? {} : { ownerId: owner })
  const credit = { amount_usd: '10', kind, reference: `paid-${id}` }
  await plane.operate('POST', `/accounts/${id}/credits`, credit)
  const served = nodeId === '' ? { chargeUsd } : { chargeUsd, nodeId }
  return { id, decision: await ledger.charged(id, served) }
}

let references = 0
const refund = (id: string, { holdId }: Decision, changes: object = {}) => {
  references += 1
  const draft = { request_id: holdId, reference: `refund-${references}`, ...changes }
  return plane.operate('POST', `/accounts/${id}/refunds`, draft)
}

const availableUsd = async (id: string) => {
  const { body } = await plane.operate('GET', `/accounts/${id}`)
  return body.wallet
}

describe('a refund', () => {
  test('gives the whole charge back where no amount is named, at our loss', async () => {
    const { id, decision } = await chargedAccount()
    const { status, body } = await refund(id, decision, { reference: 'ticket-1' })
    expect(status).toBe(200)
    expect(body).toMatchObject({
      object: 'entry',
      kind: 'refund',
      reference: 'ticket-1',
      by: plane.ownerKeyId,
      about: decision.holdId,
      legs: [
        { account: 'shortfall', amount_usd: '-0.01' },
        { account: `customer:${id}`, amount_usd: '0.01' },
      ],
    })
    expect(await availableUsd(id)).toMatchObject({ available_usd: '10', spent_usd: '0.01' })
  })

  test('finds the charge by the hash of its receipt as well', async () => {
    const { id, decision } = await chargedAccount()
    const { receipt_hash } = decision.receipt
    const half = { request_id: undefined, amount_usd: '0.005' }
    expect((await refund(id, decision, { ...half, receipt_hash })).status).toBe(200)
    expect(await availableUsd(id)).toMatchObject({ available_usd: '9.995' })
  })

  test('counts once per reference', async () => {
    const { id, decision } = await chargedAccount()
    const same = { reference: 'ticket-2', amount_usd: '0.004' }
    const replies = [await refund(id, decision, same), await refund(id, decision, same)]
    expect(replies.map(({ status }) => status)).toEqual([200, 200])
    expect(replies[1]?.body).toEqual(replies[0]?.body)
    const other = await refund(id, decision, { ...same, amount_usd: '0.005' })
    expect(other).toMatchObject({
      status: 409,
      error: { code: 'reference_reused', param: 'reference' },
    })
    expect(await availableUsd(id)).toMatchObject({ available_usd: '9.994' })
  })

  test('and all others of one charge together never exceed it', async () => {
    const { id, decision } = await chargedAccount()
    const parts = await Promise.all(
      ['0.004', '0.004', '0.004'].map((amount_usd) => refund(id, decision, { amount_usd })),
    )
    expect(parts.map(({ status }) => status).sort()).toEqual([200, 200, 409])
    const tooMuch = { status: 409, error: { code: 'refund_exceeds_charge' } }
    expect(parts.find(({ status }) => status === 409)).toMatchObject(tooMuch)
    expect(await refund(id, decision)).toMatchObject(tooMuch)
    expect((await refund(id, decision, { amount_usd: '0.002' })).status).toBe(200)
    expect(await availableUsd(id)).toMatchObject({ available_usd: '10' })
  })

  test('of more than the charge, or of a request that cost nothing, is refused', async () => {
    const { id, decision } = await chargedAccount()
    const tooMuch = { status: 409, error: { code: 'refund_exceeds_charge' } }
    expect(await refund(id, decision, { amount_usd: '0.010000001' })).toMatchObject(tooMuch)
    const free = await chargedAccount({ chargeUsd: '0' })
    expect(await refund(free.id, free.decision)).toMatchObject(tooMuch)
  })
})

describe('a refund that the host bears', () => {
  const byHost = { bearer: 'host' }

  test('takes back what the host and we had shared', async () => {
    const { nodeId } = await enrolledHost(plane)
    const { id, decision } = await chargedAccount({ nodeId })
    await ledger.accrue(id)
    expect(await ledger.earningsUsd(nodeId)).toMatchObject({ payable: '0.008' })
    const { body } = await refund(id, decision, { ...byHost, amount_usd: '0.005' })
    expect(body.legs).toEqual([
      { account: `host:${nodeId}`, amount_usd: '-0.004' },
      { account: 'fees', amount_usd: '-0.001' },
      { account: `customer:${id}`, amount_usd: '0.005' },
    ])
    const taken = { payable: '0.004', clawedBack: '0.004' }
    expect(await ledger.earningsUsd(nodeId)).toMatchObject(taken)
  })

  test('is left to us where its earnings do not cover it: not accrued yet, or paid out', async () => {
    const { nodeId } = await enrolledHost(plane)
    const { id, decision } = await chargedAccount({ nodeId })
    const tooLow = { status: 409, error: { code: 'host_balance_too_low' } }
    expect(await refund(id, decision, byHost)).toMatchObject(tooLow)
    await ledger.accrue(id)
    await ledger.payOut(nodeId, '2026-11-21')
    const reply = await refund(id, decision, byHost)
    expect(reply).toMatchObject(tooLow)
    expect(reply.error.message).toContain('let the platform bear')
    expect((await refund(id, decision)).status).toBe(200)
  })

  test('is left to us where grants or its own owner may have paid for the charge', async () => {
    const { nodeId } = await enrolledHost(plane, 'owner-3')
    const granted = await chargedAccount({ nodeId, kind: 'grant' })
    const own = await chargedAccount({ nodeId, owner: 'owner-3' })
    for (const { id, decision } of [granted, own]) {
      await ledger.accrue(id)
      const reply = await refund(id, decision, byHost)
      expect(reply).toMatchObject({ status: 409, error: { code: 'host_balance_too_low' } })
      expect(reply.error.message).toContain('may have earned nothing')
    }
  })
})

describe('a refund is refused', () => {
  test('of a charge of another account', async () => {
    const { decision } = await chargedAccount()
    const other = await plane.newAccount()
    const notThere = { status: 404, error: { code: 'receipt_not_found' } }
    expect(await refund(other, decision)).toMatchObject(notThere)
    const { receipt_hash } = decision.receipt
    const byHash = { request_id: undefined, receipt_hash }
    expect(await refund(other, decision, byHash)).toMatchObject(notThere)
  })

  test('of a charge that is not there, and of an account that is not', async () => {
    const { id, decision } = await chargedAccount()
    const never = { request_id: '01ARZ3NDEKTSV4RRFFQ69G5FAV' }
    expect(await refund(id, decision, never)).toMatchObject({
      error: { code: 'receipt_not_found' },
    })
    const nobody = await refund('acct_01ARZ3NDEKTSV4RRFFQ69G5FAV', decision)
    expect(nobody).toMatchObject({ status: 404, error: { code: 'account_not_found' } })
  })

  test('that names no charge, or two', async () => {
    const { id, decision } = await chargedAccount()
    const { receipt_hash } = decision.receipt
    for (const changes of [{ request_id: undefined }, { receipt_hash }]) {
      const reply = await refund(id, decision, changes)
      expect(reply).toMatchObject({ status: 400, error: { code: 'invalid_value' } })
      expect(reply.error.message).toBe('Name the charge by either receipt_hash or request_id.')
    }
  })

  test.each([
    [{ amount_usd: '0' }, 'amount_usd'],
    [{ amount_usd: '-1' }, 'amount_usd'],
    [{ bearer: 'customer' }, 'bearer'],
    [{ reference: 'two words' }, 'reference'],
    [{ request_id: 'latest' }, 'request_id'],
  ])('with %j', async (changes, param) => {
    const { id, decision } = await chargedAccount()
    const reply = await refund(id, decision, changes)
    expect(reply).toMatchObject({ status: 400, error: { code: 'invalid_value', param } })
  })
})
