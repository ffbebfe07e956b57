// What belongs to one customer, seen from another's side.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { gatewayEndpoints } from '../../src/gateway/api/endpoints.ts'
import { retryTagOf } from '../../src/gateway/idempotency-key.ts'
import { affinityOf } from '../../src/routing/affinity.ts'
import { askChat, completionOf, errorOf, messages } from '../support/chat-client.ts'
import { type Customer, type GatewayBench, startGatewayBench } from '../support/gateway-bench.ts'
import { streams } from '../support/host-answers.ts'
import { callsOf } from './called-endpoints.ts'
import { bearer, type OpenGateway, openGateway, saidBy } from './open-gateway.ts'

let bench: GatewayBench
let gateway: OpenGateway
let mine: Customer
let theirs: Customer
let theirRequest: { readonly id: string; readonly receiptHash: string }

beforeAll(async () => {
  bench = await startGatewayBench()
  gateway = await openGateway(bench)
  mine = await bench.customer()
  theirs = await bench.customer({ balanceUsd: '7.654321', key: { name: 'their name' } })
  theirRequest = await chat(theirs)
})
afterAll(() => bench.stop())

const model = () => gateway.modelFor('/v1/chat/completions')

async function chat(customer: Customer, headers: Readonly<Record<string, string>> = {}) {
  gateway.market.text.host.always(streams(['Hello']))
  const sent = await askChat(gateway.app, customer, { model: model() }, headers)
  const { b3iq } = await completionOf(sent)
  return { id: b3iq.request_id, receiptHash: b3iq.receipt_hash }
}
const get = (path: string, customer: Customer) =>
  gateway.app.request(path, { headers: bearer(customer) })

describe('whatever a customer looks at', () => {
  const looks = callsOf(gatewayEndpoints).filter(({ method }) => method === 'GET')

  test.each(looks)('at $route has nothing of another', async ({ route, path }) => {
    const { accountId, keyId, keyHash } = theirs.key
    const { id, receiptHash } = theirRequest
    const names = [accountId, keyId, keyHash, 'their name', 'payment of', '7.65']
    const queries = [
      '',
      `?account_id=${accountId}`,
      `?key_id=${keyId}`,
      `?after=${id}`,
      `?account_id=${accountId}&key_id=${keyId}`,
      `?customer=${accountId}&X-B3IQ-Customer=${accountId}`,
    ]
    const paths = new Set([path, ...[id, accountId, keyId].map((part) => pathTo(route, part))])
    for (const one of paths) {
      for (const query of queries) {
        const said = await (await get(one + query, mine)).text()
        const own = said.replaceAll(`payment of ${mine.key.accountId}`, '')
        const told = [...names, id, receiptHash].filter((name) => own.includes(name))
        expect([one, query, told]).toEqual([one, query, []])
      }
    }
  })

  const pathTo = (route: string, part: string) =>
    (route.split(' ')[1] ?? '').replace(/:\w+(\{[^}]*\})?/g, part)

  test('a receipt shows the part that is public to all, and no more', async () => {
    const path = `/v1/receipts/${theirRequest.receiptHash}`
    const [own, other, nobody] = [
      await (await get(path, theirs)).json(),
      await (await get(path, mine)).json(),
      await (await gateway.app.request(path)).json(),
    ]
    expect(own).toHaveProperty('private')
    expect(other).not.toHaveProperty('private')
    expect(other).toEqual(nobody)
    for (const secret of [theirs.key.accountId, theirs.key.keyId]) {
      expect(JSON.stringify(other)).not.toContain(secret)
    }
  })
})

describe('a request of another', () => {
  const cancel = (id: string, customer: Customer) =>
    gateway.app.request(`/v1/requests/${id}/cancel`, { method: 'POST', headers: bearer(customer) })

  test('cannot be stopped, and is as unknown as none', async () => {
    const { id } = theirRequest
    const unknown = await saidBy(await cancel('01ARZ3NDEKTSV4RRFFQ69G5FAV', mine))
    expect(unknown.status).toBe(404)
    expect(await saidBy(await cancel(id, mine))).toEqual(unknown)
    const sameAccount = await bench.keyOf(theirs)
    expect(await saidBy(await cancel(id, sameAccount))).toEqual(unknown)
    expect(await errorOf(await cancel(id, theirs))).toMatchObject({ code: 'already_finished' })
  })

  test('under the same idempotency key is another request', async () => {
    const headers = { 'idempotency-key': 'order-1' }
    const [one, other] = [await chat(theirs, headers), await chat(mine, headers)]
    expect(one.id).not.toBe(other.id)
    const again = await askChat(gateway.app, mine, { model: model() }, headers)
    const refusal = await errorOf(again)
    expect(refusal).toMatchObject({ code: 'idempotency_completed' })
    expect(refusal).toMatchObject({ receipt_hash: other.receiptHash })
    expect(JSON.stringify(refusal)).not.toContain(one.receiptHash)
  })

  test('is not what an SDK repeats', async () => {
    const [fresh, stranger] = [await bench.customer(), await bench.customer()]
    await chat(fresh)
    const retried = { 'x-stainless-retry-count': '1' }
    expect((await chat(stranger, retried)).id).toBeDefined()
    const sent = await askChat(gateway.app, fresh, { model: model() }, retried)
    expect(await errorOf(sent)).toMatchObject({ code: 'idempotency_completed' })
  })

  test('has another tag, and leads to another place', () => {
    const sent = { path: '/v1/chat/completions', bodySha256: '0'.repeat(64) }
    const tagOf = ({ key }: Customer) =>
      retryTagOf({ ...sent, accountId: key.accountId, secret: bench.deps.claimSecret }, key.keyId)
    expect(tagOf(mine)).not.toBe(tagOf(theirs))
    for (const named of [{ session_id: 's' }, { prompt_cache_key: 's' }, {}]) {
      const request = { ...named, messages: [...messages] }
      const [one, other] = [mine, theirs].map(({ key }) => affinityOf(request, key.accountId))
      expect(one).toBeDefined()
      expect(one).not.toBe(other)
    }
  })
})

test('a quote of another is no quote', async () => {
  const Quoted = z.looseObject({ id: z.string() })
  const body = JSON.stringify({ model: model(), messages })
  const headers = { ...bearer(theirs), 'content-type': 'application/json' }
  const quoted = await gateway.app.request('/v1/account/quote', { method: 'POST', headers, body })
  const { id } = Quoted.parse(await quoted.json())
  const before = (await bench.wallet(mine)).spent
  const under = { 'x-b3iq-quote-id': id }
  const refusal = await errorOf(await askChat(gateway.app, mine, { model: model() }, under))
  expect(refusal).toMatchObject({ status: 400, code: 'quote_mismatch' })
  expect(JSON.stringify(refusal)).not.toContain(theirs.key.accountId)
  expect((await bench.wallet(mine)).spent).toBe(before)
  // The other may still use it.
  expect((await askChat(gateway.app, theirs, { model: model() }, under)).status).toBe(200)
})
