import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { JournalStore } from '../../src/ledger/journal-ports.ts'
import { LateClaimReply } from '../../src/protocol/late-claims.ts'
import { limits } from '../../src/protocol/limits.ts'
import { ticketHash } from '../../src/protocol/ticket.ts'
import {
  type ControlPlane,
  catalogueModel,
  digestOf,
  startControlPlane,
} from '../support/control-plane.ts'
import { batchOf, type LostDispatch, lateClaim } from '../support/late-claim.ts'
import { type PlaneLedger, planeLedger } from '../support/plane-ledger.ts'
import { approvedHost, installedModel, type Sending, type TestHost } from '../support/test-host.ts'

const dayMs = 86_400_000
const model = catalogueModel('maker/small', [digestOf('a')])

let plane: ControlPlane
let ledger: PlaneLedger
beforeAll(async () => {
  plane = await startControlPlane()
  ledger = planeLedger(plane)
  await plane.operate('PUT', '/models', model)
})
afterAll(() => plane.stop())

/** A node that serves the model's one profile. */
async function servingHost(): Promise<TestHost> {
  const host = await approvedHost(plane)
  await host.offer([installedModel(digestOf('a'))])
  return host
}

async function fundedAccount(ownerId?: string): Promise<string> {
  const id = await plane.newAccount({ ownerId })
  const credit = { amount_usd: '10', kind: 'top_up', reference: `paid-${id}` }
  await plane.operate('POST', `/accounts/${id}/credits`, credit)
  return id
}

/** A claim on an expired hold of a dollar, which a new customer had. */
async function lost(host: TestHost, changes: Partial<LostDispatch> = {}) {
  const holdId = await ledger.expired(await fundedAccount())
  return lateClaim(plane, { host, holdId, ...changes })
}

async function offer(host: TestHost, claims: readonly unknown[], sending: Sending = {}) {
  const reply = await host.send('POST', 'claims', batchOf(host.nodeId, claims), sending)
  if (reply.status !== 200) throw new Error(`claims were answered ${JSON.stringify(reply.error)}`)
  return LateClaimReply.parse(reply.body).claims
}

const offerOne = async (host: TestHost, claim: unknown, sending: Sending = {}) => {
  const [answer] = await offer(host, [claim], sending)
  return answer
}

const nothing = (reason: string) => ({
  status: 'refused',
  amount_usd: '0',
  payable_at: null,
  reason,
})

describe('a late claim', () => {
  test('waits a week for its share of what the ticket’s price makes of it', async () => {
    const host = await servingHost()
    const claim = await lost(host)
    const answer = await offerOne(host, claim)
    expect(answer).toEqual({
      ticket_hash: ticketHash(claim.ticket.ticket),
      status: 'escrowed',
      amount_usd: '0.032',
      payable_at: new Date(plane.nowMs() + 7 * dayMs).toISOString(),
      reason: null,
    })
    expect(await ledger.earningsUsd(host.nodeId)).toMatchObject({ escrowed: '0.032', payable: '0' })
  })

  test('costs the customer nothing', async () => {
    const host = await servingHost()
    const accountId = await fundedAccount()
    const holdId = await ledger.expired(accountId)
    await offerOne(host, lateClaim(plane, { host, holdId }))
    const { body } = await plane.operate('GET', `/accounts/${accountId}`)
    expect(body.wallet).toMatchObject({ available_usd: '10', spent_usd: '0' })
    expect((await plane.operate('GET', `/accounts/${accountId}/entries`)).body.data).toHaveLength(1)
  })

  test('counts once, in whatever batches and however often it is offered', async () => {
    const host = await servingHost()
    const claim = await lost(host)
    const answers = [
      ...(await offer(host, [claim, claim])),
      ...(await offer(host, [await lost(host), claim])),
    ]
    const [first] = answers
    expect([answers[1], answers[3]]).toEqual([first, first])
    expect(await ledger.earningsUsd(host.nodeId)).toMatchObject({ escrowed: '0.064' })
  })

  test('is told to be payable once its week is over', async () => {
    const host = await servingHost()
    const claim = await lost(host)
    const escrowed = await offerOne(host, claim)
    plane.passMs(7 * dayMs)
    await ledger.release(host.nodeId)
    expect(await offerOne(host, claim)).toEqual({ ...escrowed, status: 'released' })
    expect(await ledger.earningsUsd(host.nodeId)).toMatchObject({ payable: '0.032', escrowed: '0' })
  })

  test('is paid by the version that the ticket names, whatever the price is now', async () => {
    const host = await servingHost()
    const claim = await lost(host)
    const row = { ...model.prices[0], completion_usd_per_mtok: '99' }
    await plane.operate('PUT', '/models', { ...model, prices: [row], host_share_bps: 1 })
    expect(await offerOne(host, claim)).toMatchObject({ amount_usd: '0.032' })
    await plane.operate('PUT', '/models', model)
  })

  test.each([
    ['the window of its ticket', { max_tokens: 40_000 }, '0.0176'],
    ['the window times its choices', { max_tokens: 20_000, n: 2 }, '0.0176'],
  ])('reaches no further than %s', async (_, ticket, amount_usd) => {
    const host = await servingHost()
    expect(await offerOne(host, await lost(host, { ticket }))).toMatchObject({ amount_usd })
  })

  test('reaches no further than the hold', async () => {
    const host = await servingHost()
    const usage = { prompt: 90_000_000, cached_prompt: 0, completion: 0 }
    const answer = await offerOne(host, await lost(host, { claim: { usage } }))
    expect(answer).toMatchObject({ amount_usd: '0.8' })
  })
})

describe('a late claim is worth nothing', () => {
  test('on a hold that was charged, or never was', async () => {
    const host = await servingHost()
    const { holdId } = await ledger.charged(await fundedAccount(), { nodeId: host.nodeId })
    for (const id of [holdId, '01ARZ3NDEKTSV4RRFFQ69G5FAV']) {
      const claim = lateClaim(plane, { host, holdId: id })
      expect(await offerOne(host, claim)).toMatchObject(nothing('unknown_hold'))
    }
  })

  test('without usage, or with none to pay for', async () => {
    const host = await servingHost()
    const unknown = await lost(host, { claim: { usage: null } })
    const usage = { prompt: 0, cached_prompt: 0, completion: 0 }
    const empty = await lost(host, { claim: { usage } })
    expect(await offer(host, [unknown, empty])).toMatchObject([
      nothing('no_usage'),
      nothing('nothing_due'),
    ])
  })

  test.each([
    ['of a version that never was', { price_version: 999 }],
    ['of a profile that the node does not serve', { profile_id: 'maker/other@0' }],
    ['of a build that is not the profile’s', { artifact_digest: digestOf('b') }],
  ])('%s', async (_, ticket) => {
    const host = await servingHost()
    const answer = await offerOne(host, await lost(host, { ticket }))
    expect(answer).toMatchObject(nothing('no_price'))
  })

  test('for traffic of the node’s own owner', async () => {
    const host = await servingHost()
    const node = await plane.fleet.readNode(host.nodeId)
    const holdId = await ledger.expired(await fundedAccount(node?.ownerId))
    const answer = await offerOne(host, lateClaim(plane, { host, holdId }))
    expect(answer).toMatchObject(nothing('own_traffic'))
  })

  test('where another host of the same request was faster', async () => {
    const [fast, slow] = [await servingHost(), await servingHost()]
    const holdId = await ledger.expired(await fundedAccount())
    const first = await offerOne(fast, lateClaim(plane, { host: fast, holdId }))
    expect(first).toMatchObject({ status: 'escrowed' })
    const second = lateClaim(plane, { host: slow, holdId, ticket: { attempt: 2 } })
    expect(await offerOne(slow, second)).toMatchObject(nothing('already_claimed'))
  })
})

describe('more than three a day', () => {
  test('suspend the node, which the log tells', async () => {
    const host = await servingHost()
    const claims = [await lost(host), await lost(host), await lost(host), await lost(host)]
    const answers = await offer(host, claims)
    expect(answers.map(({ status }) => status)).toEqual([
      'escrowed',
      'escrowed',
      'escrowed',
      'refused',
    ])
    expect(answers[3]).toMatchObject(nothing('under_review'))
    expect((await plane.operate('GET', `/nodes/${host.nodeId}`)).body.status).toBe('suspended')
    expect(plane.logLines().join()).toContain(
      JSON.stringify({ event: 'late_claims_suspended', nodeId: host.nodeId }),
    )
    const after = await host.send('POST', 'claims', batchOf(host.nodeId, claims))
    expect(after).toMatchObject({ status: 403, error: { code: 'node_revoked' } })
  })

  test('on one account suspend that account, and no node', async () => {
    const accountId = await fundedAccount()
    const hosts = [await servingHost(), await servingHost()]
    const answers = []
    for (const host of [...hosts, ...hosts]) {
      const claim = lateClaim(plane, { host, holdId: await ledger.expired(accountId) })
      answers.push(await offerOne(host, claim))
    }
    expect(answers[3]).toMatchObject(nothing('under_review'))
    const { body } = await plane.operate('GET', `/accounts/${accountId}`)
    expect(body.wallet).toMatchObject({ status: 'suspended' })
    for (const { nodeId } of hosts) {
      expect((await plane.operate('GET', `/nodes/${nodeId}`)).body.status).toBe('active')
    }
  })
})

describe('a batch', () => {
  test('is answered in its order, and one that is wrong costs only itself', async () => {
    const [host, other] = [await servingHost(), await servingHost()]
    const good = await lost(host)
    const answers = await offer(host, [{ ticket: 'lost' }, await lost(other), null, good])
    expect(answers).toMatchObject([
      { ticket_hash: null, ...nothing('malformed') },
      nothing('wrong_node'),
      { ticket_hash: null, ...nothing('malformed') },
      { status: 'escrowed' },
    ])
  })

  /** Ingest whose journal answers this to every posting. */
  const withPost = (post: JournalStore['post']) =>
    plane.ingestOf({ journal: { ...plane.journal, post }, sleep: async () => undefined })

  test('is to be offered again where the ledger does not answer', async () => {
    const host = await servingHost()
    const claim = await lost(host)
    const app = withPost(async () => ({ kind: 'unknown' }))
    expect(await offerOne(host, claim, { app })).toEqual({
      ticket_hash: ticketHash(claim.ticket.ticket),
      status: 'retry',
      amount_usd: null,
      payable_at: null,
      reason: null,
    })
    expect(await offerOne(host, claim)).toMatchObject({ status: 'escrowed' })
  })

  test('is judged as far as a host waits; the rest is to be offered again', async () => {
    const host = await servingHost()
    const claims = [await lost(host), await lost(host)]
    const app = withPost(async (posting) => {
      plane.passMs(3_001)
      return plane.journal.post(posting)
    })
    const answers = await offer(host, claims, { app })
    expect(answers.map(({ status }) => status)).toEqual(['escrowed', 'retry'])
    expect(await offerOne(host, claims[1])).toMatchObject({ status: 'escrowed' })
  })

  test('has a hundred claims at most, which its bound has room for at their longest', async () => {
    const host = await servingHost()
    const longest = await lost(host, {
      ticket: { profile_id: 'x'.repeat(160), ticket_id: 'x'.repeat(64) },
      claim: {
        runtime: { kind: 'llamacpp', version: 'x'.repeat(64) },
        finish_reason: 'x'.repeat(32),
      },
    })
    const full = Array(limits.lateClaimsPerBatch).fill(longest)
    const answers = await offer(host, full)
    expect(answers).toHaveLength(100)
    expect(answers[0]).toMatchObject(nothing('no_price'))
    const tooMany = await host.send('POST', 'claims', batchOf(host.nodeId, [...full, longest]))
    expect(tooMany).toMatchObject({ status: 400, error: { param: 'claims' } })
    const padded = { ...batchOf(host.nodeId, full), padding: 'x'.repeat(limits.lateClaimBytes) }
    const tooLarge = await host.send('POST', 'claims', padded)
    expect(tooLarge).toMatchObject({ status: 413, error: { code: 'request_too_large' } })
  })

  test.each([
    [{ claims: [] }, 'claims'],
    [{ claims: undefined }, 'claims'],
    [{ v: 2 }, 'v'],
    [{ node_id: `n_${'a'.repeat(26)}` }, 'node_id'],
  ])('with %j is refused', async (changes, param) => {
    const host = await servingHost()
    const batch = { ...batchOf(host.nodeId, [{}]), ...changes }
    const reply = await host.send('POST', 'claims', batch)
    expect(reply).toMatchObject({ status: 400, error: { param } })
  })

  test('is signed for this endpoint and no other', async () => {
    const host = await servingHost()
    const batch = batchOf(host.nodeId, [{}])
    const reply = await host.send('POST', 'claims', batch, { tag: 'b3iq:test:heartbeat' })
    expect(reply).toMatchObject({ status: 401, error: { code: 'bad_signature' } })
  })
})
