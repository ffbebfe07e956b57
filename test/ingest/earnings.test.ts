import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EarningsReply } from '../../src/protocol/late-claims.ts'
import {
  type ControlPlane,
  catalogueModel,
  digestOf,
  startControlPlane,
} from '../support/control-plane.ts'
import { batchOf, lateClaim } from '../support/late-claim.ts'
import { type PlaneLedger, planeLedger } from '../support/plane-ledger.ts'
import { approvedHost, enrolledHost, installedModel } from '../support/test-host.ts'

let plane: ControlPlane
let ledger: PlaneLedger
beforeAll(async () => {
  plane = await startControlPlane()
  ledger = planeLedger(plane)
  await plane.operate('PUT', '/models', catalogueModel('maker/small', [digestOf('a')]))
})
afterAll(() => plane.stop())

async function fundedAccount(): Promise<string> {
  const id = await plane.newAccount()
  const credit = { amount_usd: '10', kind: 'top_up', reference: `paid-${id}` }
  await plane.operate('POST', `/accounts/${id}/credits`, credit)
  return id
}

describe('a node that asks for its earnings', () => {
  test('and still waits for approval hears that instead', async () => {
    const host = await enrolledHost(plane)
    const reply = await host.send('GET', 'earnings', undefined)
    expect(reply).toMatchObject({ status: 403, error: { code: 'pending_approval' } })
  })

  test('and never earned is told so', async () => {
    const host = await approvedHost(plane)
    const { status, body } = await host.send('GET', 'earnings', undefined)
    expect(status).toBe(200)
    expect(EarningsReply.parse(body)).toEqual({
      ok: true,
      server_time_ms: plane.nowMs(),
      node_id: host.nodeId,
      earnings: {
        accrued_usd: '0',
        payable_usd: '0',
        in_transit_usd: '0',
        paid_usd: '0',
        clawed_back_usd: '0',
        escrowed_usd: '0',
      },
      escrowed_claims: [],
      payouts: [],
    })
  })

  test('is told what is payable, what waits, and what left for its owner', async () => {
    const host = await approvedHost(plane)
    await host.offer([installedModel(digestOf('a'))])
    const accountId = await fundedAccount()
    await ledger.charged(accountId, { nodeId: host.nodeId, chargeUsd: '0.01' })
    await ledger.accrue(accountId)
    await ledger.payOut(host.nodeId, '2026-11-20')
    const claim = lateClaim(plane, { host, holdId: await ledger.expired(accountId) })
    const claims = await host.send('POST', 'claims', batchOf(host.nodeId, [claim]))

    const { body } = await host.send('GET', 'earnings', undefined)
    expect(EarningsReply.parse(body)).toMatchObject({
      earnings: {
        accrued_usd: '0.008',
        payable_usd: '0',
        in_transit_usd: '0.008',
        escrowed_usd: '0.032',
      },
      escrowed_claims: claims.body.claims,
      payouts: [
        { period: '2026-11-20', amount_usd: '0.008', state: 'in_transit', transfer_id: null },
      ],
    })
  })

  test('signs a request without a body for this endpoint, and nothing else will do', async () => {
    const host = await enrolledHost(plane)
    const refused = { status: 401, error: { code: 'bad_signature' } }
    const wrongTag = { tag: 'b3iq:test:claims' } as const
    expect(await host.send('GET', 'earnings', undefined, wrongTag)).toMatchObject(refused)
    const other = await enrolledHost(plane)
    const wrongKey = { keyId: other.nodeId }
    expect(await host.send('GET', 'earnings', undefined, wrongKey)).toMatchObject(refused)
    const unsigned = await plane.ingest.request('/ingest/v1/earnings', {
      headers: { 'content-type': 'application/json' },
    })
    expect(unsigned.status).toBe(401)
  })

  test('is not heard once it is suspended', async () => {
    const host = await approvedHost(plane)
    await plane.operate('POST', `/nodes/${host.nodeId}/suspend`)
    const reply = await host.send('GET', 'earnings', undefined)
    expect(reply).toMatchObject({ status: 403, error: { code: 'node_revoked' } })
  })
})
