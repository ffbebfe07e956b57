// An OpenAI SDK repeats a request whose reply was lost; nobody pays twice for that.
import { createServer } from 'node:http'
import { pipeline } from 'node:stream/promises'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { askChat, completionOf, errorOf, streamOf } from '../support/chat-client.ts'
import { type Customer, type GatewayBench, startGatewayBench } from '../support/gateway-bench.ts'
import { answers, makeLatch, refuses, type Script, says, streams } from '../support/host-answers.ts'

let bench: GatewayBench
beforeAll(async () => {
  bench = await startGatewayBench()
})
afterAll(() => bench.stop())

/** As an SDK sends it for the `count`th time after the first. */
const ask = (customer: Customer, body: object, count = 0, app = bench.appOf()) =>
  askChat(app, customer, body, { 'x-stainless-retry-count': String(count) })

const chargesOf = async ({ key }: Customer) => {
  const page = { limit: 10, after: undefined }
  const { items } = await bench.receipts.listReceipts(key.accountId, page)
  return items.map(({ charge }) => charge)
}

describe('an SDK’s own retry', () => {
  test.each([false, true])(
    'of what was answered names its receipt, once; stream: %s',
    async (stream) => {
      const { model, host } = await bench.sale([streams(['Hello'])])
      const customer = await bench.customer()
      const body = { model: model.id, stream }
      const first = await ask(customer, body)
      const { b3iq } = stream ? (await streamOf(first)).last : await completionOf(first)
      expect(await errorOf(await ask(customer, body, 1))).toMatchObject({
        status: 409,
        code: 'idempotency_completed',
        receipt_hash: b3iq?.receipt_hash,
        completed_request_id: b3iq?.request_id,
        shouldRetry: 'false',
      })
      expect(host.dispatches).toHaveLength(1)
      expect(await chargesOf(customer)).toHaveLength(1)
      // Named once: whoever asks again after that means it.
      expect((await ask(customer, body, 1)).status).toBe(200)
    },
  )

  test('of what still runs names that request, and reaches no host', async () => {
    const latch = makeLatch()
    const script: Script = async (turn) => {
      await latch.opened
      await streams(['Hello'])(turn)
    }
    const { model, host } = await bench.sale([script])
    const customer = await bench.customer()
    const dispatched = host.nextDispatch()
    const running = ask(customer, { model: model.id })
    await dispatched
    const { hold_id } = host.lastDispatch().ticket
    expect(await errorOf(await ask(customer, { model: model.id }, 1))).toMatchObject({
      status: 409,
      code: 'idempotency_in_progress',
      running_request_id: hold_id,
      retryable: false,
      shouldRetry: 'false',
    })
    latch.open()
    await completionOf(await running)
    expect(host.dispatches).toHaveLength(1)
    expect(await chargesOf(customer)).toHaveLength(1)
  })

  test('of what was delivered in part and billed names its receipt', async () => {
    const { model } = await bench.sale([answers({ frames: [says('Hello')], end: 'cut' })])
    const customer = await bench.customer()
    const body = { model: model.id, stream: true }
    const { last } = await streamOf(await ask(customer, body))
    expect(await errorOf(await ask(customer, body, 1))).toMatchObject({
      code: 'idempotency_completed',
      receipt_hash: last.b3iq?.receipt_hash,
    })
  })

  test('runs where the body was sent several times on purpose: nobody knows which it repeats', async () => {
    const { model, host } = await bench.sale([streams(['Hello'])])
    const customer = await bench.customer()
    for (let sample = 0; sample < 2; sample += 1) {
      await completionOf(await ask(customer, { model: model.id }))
    }
    expect((await ask(customer, { model: model.id }, 1)).status).toBe(200)
    expect(host.dispatches).toHaveLength(3)
  })

  test('of what failed without a charge runs', async () => {
    const { model, host } = await bench.sale([refuses(500)])
    const customer = await bench.customer()
    expect((await ask(customer, { model: model.id })).status).toBe(502)
    expect((await ask(customer, { model: model.id }, 1)).status).toBe(200)
    expect(host.dispatches).toHaveLength(2)
  })

  test('by itself is no reason to pay twice: the SDK loses a reply and is told', async () => {
    const { model, host } = await bench.sale([streams(['Hello'])])
    const customer = await bench.customer()
    const gateway = await bench.listen(bench.appOf())
    const lossy = await losingFirstReply(gateway)
    const client = new OpenAI({ apiKey: customer.token, baseURL: `${lossy.url}/v1` })
    const messages = [{ role: 'user' as const, content: 'Hi' }]
    await expect(
      client.chat.completions.create({ model: model.id, messages }),
    ).rejects.toMatchObject({ status: 409, code: 'idempotency_completed' })
    expect(lossy.requests()).toBe(2)
    expect(host.dispatches).toHaveLength(1)
    expect(await chargesOf(customer)).toHaveLength(1)
    await lossy.stop()
  })
})

describe('is no retry of it', () => {
  const changes: [string, object, number, Readonly<Record<string, string>>][] = [
    ['the same body sent for the first time', {}, 0, {}],
    ['another body', { temperature: 0.5 }, 1, {}],
  ]
  test.each(changes)('%s', async (_, change, count) => {
    const { model } = await bench.sale([streams(['Hello'])])
    const customer = await bench.customer()
    await completionOf(await ask(customer, { model: model.id }))
    expect((await ask(customer, { model: model.id, ...change }, count)).status).toBe(200)
  })

  test('the same body under another key', async () => {
    const { model } = await bench.sale([streams(['Hello'])])
    const customer = await bench.customer()
    await completionOf(await ask(customer, { model: model.id }))
    const other = await bench.keyOf(customer)
    expect((await ask(other, { model: model.id }, 1)).status).toBe(200)
  })

  test('what comes more than 10 minutes later', async () => {
    const { model } = await bench.sale([streams(['Hello'])])
    const customer = await bench.customer()
    await completionOf(await ask(customer, { model: model.id }))
    const { private: first, body } = await bench.onlyReceipt(customer)
    const endedAtMs = first.started_at_ms + (body.timings.total_ms ?? 0)
    const later = bench.appOf({ timeOfId: () => endedAtMs + 600_001 })
    expect((await ask(customer, { model: model.id }, 1, later)).status).toBe(200)
  })
})

test('a retry meets a store that is down like every request', async () => {
  const { model } = await bench.sale([streams(['Hello'])])
  const down = async () => {
    throw new Error('down')
  }
  const app = bench.appOf({ wallets: { ...bench.deps.wallets, readWallet: down } })
  const error = await errorOf(await ask(await bench.customer(), { model: model.id }, 1, app))
  expect(error).toMatchObject({ status: 503, code: 'ledger_unavailable' })
})

/** A proxy that takes the first answer from the gateway and drops the line instead of giving it. */
async function losingFirstReply(target: string) {
  let requests = 0
  const server = createServer(async (request, response) => {
    requests += 1
    const isFirst = requests === 1
    const headers = Object.entries(request.headers).filter(([name]) => name !== 'host')
    const body = await Array.fromAsync(request)
    const reply = await fetch(`${target}${request.url}`, {
      method: request.method ?? 'GET',
      headers: Object.fromEntries(headers.map(([name, value]) => [name, String(value)])),
      body: Buffer.concat(body),
    })
    const bytes = Buffer.from(await reply.arrayBuffer())
    if (isFirst) return void response.destroy()
    response.writeHead(reply.status, Object.fromEntries(reply.headers))
    await pipeline([bytes], response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    requests: () => requests,
    stop: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
