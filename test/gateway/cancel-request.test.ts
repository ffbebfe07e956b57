// `POST /v1/requests/{id}/cancel`: what a customer sees of it, and what it costs.
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { askChat, completionOf, errorOf, streamOf } from '../support/chat-client.ts'
import { type Customer, type GatewayBench, startGatewayBench } from '../support/gateway-bench.ts'
import { answers, drip, type Frame, neverAnswers, says, streams } from '../support/host-answers.ts'

let bench: GatewayBench
beforeAll(async () => {
  bench = await startGatewayBench()
})
afterAll(() => bench.stop())

type App = ReturnType<GatewayBench['appOf']>

const cancel = (app: App, { token }: Customer, id: string) =>
  app.request(`/v1/requests/${id}/cancel`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
  })
const idOf = (response: Response) => response.headers.get('x-request-id') ?? ''

/** A host that speaks until it is told to stop, and then signs for what it said. */
async function obedientSale() {
  let isTold = false
  async function* frames(): AsyncGenerator<Frame> {
    while (!isTold) {
      yield says('word ')
      await delay(20)
    }
  }
  const sale = await bench.sale([answers({ frames: frames() })])
  sale.host.onCancel(() => {
    isTold = true
    return true
  })
  return sale
}

describe('a running stream', () => {
  test('ends within 2 s with a length, its receipt and the claim of the host', async () => {
    const { model } = await obedientSale()
    const customer = await bench.customer()
    const app = bench.appOf()
    const response = await askChat(app, customer, { model: model.id, stream: true })
    const stream = streamOf(response)
    await delay(100)
    const askedAtMs = Date.now()
    const told = await cancel(app, customer, idOf(response))
    expect(Date.now() - askedAtMs).toBeLessThan(2_000)
    const { last, isDone, text } = await stream
    expect([isDone, last.choices[0]?.finish_reason]).toEqual([true, 'length'])
    expect(last.b3iq).toMatchObject({ stopped_by: 'cancelled' })
    const { receipt_hash, body, private: part } = await bench.onlyReceipt(customer)
    expect(await told.json()).toEqual({
      object: 'request.cancellation',
      request_id: idOf(response),
      status: 'cancelled',
      receipt_hash,
      cost_usd: body.charge.charge_usd,
    })
    expect(body.result).toEqual({ status: 'partial', finish_reason: null, error: 'cancelled' })
    expect(text).toContain('word ')
    expect(body.charge.charge_usd).not.toBe('0')
    expect(part.claim).not.toBeNull()
    expect(await bench.wallet(customer)).toMatchObject({ held: 0n })
  })

  test('ends also where its host does not listen, without a claim', async () => {
    const { model, host } = await bench.sale([answers({ frames: drip(says('word '), 20) })])
    const customer = await bench.customer()
    const app = bench.appOf()
    const response = await askChat(app, customer, { model: model.id, stream: true })
    const stream = streamOf(response)
    await cancel(app, customer, idOf(response))
    expect((await stream).last.b3iq).toMatchObject({ stopped_by: 'cancelled' })
    expect(await host.lastDispatch().ended).toBe(false)
    const { body, private: part } = await bench.onlyReceipt(customer)
    expect([body.result.error, part.claim]).toEqual(['cancelled', null])
    expect(body.charge.charge_usd).not.toBe('0')
  })

  test('is found by another gateway process too', async () => {
    const { model } = await obedientSale()
    const customer = await bench.customer()
    const response = await askChat(bench.appOf(), customer, { model: model.id, stream: true })
    const stream = streamOf(response)
    // Two apps share the database and nothing else.
    const elsewhere = bench.appOf({
      watchCancel: () => ({ signal: never(), end: () => undefined }),
    })
    expect((await cancel(elsewhere, customer, idOf(response))).status).toBe(200)
    expect((await stream).last.b3iq).toMatchObject({ stopped_by: 'cancelled' })
  })
})

const never = () => new AbortController().signal

test('an answer that is not streamed is what was there by then', async () => {
  const { model, host } = await obedientSale()
  const customer = await bench.customer()
  const app = bench.appOf()
  const dispatched = host.nextDispatch()
  const running = askChat(app, customer, { model: model.id })
  await dispatched
  await delay(100)
  await cancel(app, customer, host.lastDispatch().ticket.hold_id)
  const { choices, b3iq } = await completionOf(await running)
  expect(choices[0]).toMatchObject({ finish_reason: 'length' })
  expect(b3iq.stopped_by).toBe('cancelled')
})

test('before content the customer pays nothing and no other host is asked', async () => {
  const { model, host, hosts } = await bench.sale([neverAnswers, streams(['Hello'])])
  const customer = await bench.customer()
  const app = bench.appOf()
  const dispatched = host.nextDispatch()
  const running = askChat(app, customer, { model: model.id })
  await dispatched
  const told = await cancel(app, customer, host.lastDispatch().ticket.hold_id)
  expect(await told.json()).toMatchObject({ status: 'cancelled', cost_usd: '0' })
  expect(await errorOf(await running)).toMatchObject({
    status: 409,
    code: 'request_cancelled',
    shouldRetry: 'false',
  })
  expect(hosts[1]?.dispatches).toEqual([])
  expect((await bench.onlyReceipt(customer)).private.attempts).toMatchObject([
    { outcome: 'aborted' },
  ])
})

describe('it is refused', () => {
  test('for a request that has finished, naming its receipt', async () => {
    const { model } = await bench.sale([streams(['Hello'])])
    const customer = await bench.customer()
    const app = bench.appOf()
    const { b3iq } = await completionOf(await askChat(app, customer, { model: model.id }))
    expect(await errorOf(await cancel(app, customer, b3iq.request_id))).toMatchObject({
      status: 409,
      code: 'already_finished',
      receipt_hash: b3iq.receipt_hash,
    })
  })

  test('for what runs under another key, which runs on', async () => {
    const { model } = await bench.sale([answers({ frames: drip(says('word '), 20) })])
    const customer = await bench.customer()
    const app = bench.appOf()
    const response = await askChat(app, customer, { model: model.id, stream: true })
    const stream = streamOf(response)
    for (const other of [await bench.keyOf(customer), await bench.customer()]) {
      expect(await errorOf(await cancel(app, other, idOf(response)))).toMatchObject({
        status: 404,
        code: 'request_not_found',
      })
    }
    expect(await bench.wallet(customer)).not.toMatchObject({ held: 0n })
    await cancel(app, customer, idOf(response))
    await stream
    const finished = await cancel(app, await bench.keyOf(customer), idOf(response))
    expect(await errorOf(finished)).toMatchObject({ status: 404, code: 'request_not_found' })
  })

  test.each(['x', '01JABCDEFGHJKMNPQRSTVWXYZ0'])('for an id that is none: %s', async (id) => {
    const reply = await cancel(bench.appOf(), await bench.customer(), id)
    expect(await errorOf(reply)).toMatchObject({ status: 404, code: 'request_not_found' })
  })

  test('without the scope for inference', async () => {
    const reader = await bench.customer({ key: { scopes: ['billing:read'] } })
    const reply = await cancel(bench.appOf(), reader, '01JABCDEFGHJKMNPQRSTVWXYZ0')
    expect(await errorOf(reply)).toMatchObject({ status: 403, code: 'missing_scope' })
  })
})
