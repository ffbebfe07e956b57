// A request for a document that its customer stops, repeats or leaves: as for any other, and never half of one.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { errorOf } from '../support/chat-client.ts'
import { documentAsksOf } from '../support/document-client.ts'
import { answersDocuments } from '../support/document-host.ts'
import { type Customer, type GatewayBench, startGatewayBench } from '../support/gateway-bench.ts'
import { makeLatch, neverAnswers, refuses, type Script } from '../support/host-answers.ts'

let bench: GatewayBench
beforeAll(async () => {
  bench = await startGatewayBench()
})
afterAll(() => bench.stop())

const { ask, send, newSale } = documentAsksOf(() => bench, '/v1/embeddings')

const chargeOf = async (customer: Customer) => {
  const { body } = await bench.onlyReceipt(customer)
  return [body.result.error, body.charge.charge_usd]
}

describe('a request for a document', () => {
  test('that is cancelled by its id ends at once and costs nothing', async () => {
    const asked = await newSale([neverAnswers])
    const app = bench.appOf()
    const dispatched = asked.sale.host.nextDispatch()
    const running = send({ input: 'one' }, asked, { app })
    await dispatched
    const { hold_id } = asked.sale.host.lastDispatch().ticket
    const headers = { authorization: `Bearer ${asked.customer.token}` }
    const told = await app.request(`/v1/requests/${hold_id}/cancel`, { method: 'POST', headers })
    expect(await told.json()).toMatchObject({ status: 'cancelled', cost_usd: '0' })
    const { response } = await running
    expect(await errorOf(response)).toMatchObject({ status: 409, code: 'request_cancelled' })
    expect(await chargeOf(asked.customer)).toEqual(['cancelled', '0'])
  })

  test('that its deadline meets without an answer costs nothing', async () => {
    const { customer, response } = await ask({ input: 'one' }, [neverAnswers], {
      bench: { deadlineMs: 300 },
    })
    expect(await errorOf(response)).toMatchObject({ status: 504, code: 'upstream_timeout' })
    expect(await chargeOf(customer)).toEqual(['deadline', '0'])
    expect((await bench.wallet(customer)).held).toBe(0n)
  })

  test('that an SDK repeats unasked is recognised, and nobody pays twice', async () => {
    const latch = makeLatch()
    const script: Script = async (turn) => {
      await latch.opened
      await answersDocuments()(turn)
    }
    const asked = await newSale([script])
    const dispatched = asked.sale.host.nextDispatch()
    const running = send({ input: 'one' }, asked)
    await dispatched
    const headers = { 'x-stainless-retry-count': '1' }
    const repeated = await send({ input: 'one' }, asked, { headers })
    expect(await errorOf(repeated.response)).toMatchObject({ code: 'idempotency_in_progress' })
    latch.open()
    expect((await running).response.status).toBe(200)
    expect(await chargeOf(asked.customer)).toEqual([null, '0.000001'])
  })

  test('counts against the host that fails it, until nobody asks that any more', async () => {
    const asked = await newSale([refuses(500), answersDocuments()])
    const [failing, serving] = asked.sale.hosts
    failing?.always(refuses(500))
    serving?.always(answersDocuments())
    for (let at = 0; at < 7; at += 1) {
      expect((await send({ input: 'one' }, asked)).response.status).toBe(200)
    }
    expect(serving?.dispatches).toHaveLength(7)
    expect(failing?.dispatches.length).toBeLessThan(7)
  })
})
