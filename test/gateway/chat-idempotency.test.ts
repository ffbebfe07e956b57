// One effect for one `Idempotency-Key` and body, as the contract promises it to clients.
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { IdempotencyClaim } from '../../src/ledger/ports.ts'
import { limits } from '../../src/protocol/limits.ts'
import { askChat, completionOf, errorOf, messages, streamOf } from '../support/chat-client.ts'
import { type Customer, type GatewayBench, startGatewayBench } from '../support/gateway-bench.ts'
import { answers, makeLatch, refuses, type Script, says, streams } from '../support/host-answers.ts'

let bench: GatewayBench
beforeAll(async () => {
  bench = await startGatewayBench()
})
afterAll(() => bench.stop())

const ask = (customer: Customer, body: object, key: string) =>
  askChat(bench.appOf(), customer, body, { 'idempotency-key': key })

/** The gateway, and the claims that it took for the requests of a test. */
function recordingApp() {
  const claims: (IdempotencyClaim | undefined)[] = []
  const { store } = bench.deps
  const reserve: typeof store.reserve = (reservation) => {
    claims.push(reservation.claim)
    return store.reserve(reservation)
  }
  return { app: bench.appOf({ store: { ...store, reserve } }), claims }
}

/** A host whose first answer waits for the latch. */
async function slowSale() {
  const latch = makeLatch()
  const script: Script = async (turn) => {
    await latch.opened
    await streams(['Hello'])(turn)
  }
  const sale = await bench.sale([script])
  return { ...sale, host: sale.host, finish: latch.open }
}

const chargesOf = async ({ key }: Customer) => {
  const { items } = await bench.receipts.listReceipts(key.accountId, {
    limit: 10,
    after: undefined,
  })
  return items.map(({ charge }) => charge)
}

describe('while the first request runs', () => {
  test('the same again is told to wait, and reaches no host', async () => {
    const { model, host, finish } = await slowSale()
    const customer = await bench.customer()
    const dispatched = host.nextDispatch()
    const running = ask(customer, { model: model.id }, 'order-1')
    await dispatched
    const again = await ask(customer, { model: model.id }, 'order-1')
    expect(again.headers.get('retry-after')).toBe('5')
    expect(await errorOf(again)).toMatchObject({
      status: 409,
      code: 'idempotency_in_progress',
      type: 'conflict',
      retryable: true,
      retry_after_seconds: 5,
      shouldRetry: 'true',
    })
    finish()
    await completionOf(await running)
    expect(host.dispatches).toHaveLength(1)
    expect(await chargesOf(customer)).toHaveLength(1)
  })

  test('of many sent at the same time one runs', async () => {
    const { model, host, finish } = await slowSale()
    const customer = await bench.customer()
    const dispatched = host.nextDispatch()
    const all = Array.from({ length: 5 }, () => ask(customer, { model: model.id }, 'order-2'))
    await dispatched
    // Only the one that runs can still be waiting when the others are answered.
    const refused: Response[] = []
    const isEnough = makeLatch()
    const replies = all.map(async (one) => {
      const response = await one
      if (response.status === 409) refused.push(response)
      if (refused.length === 4) isEnough.open()
      return response
    })
    await isEnough.opened
    finish()
    const statuses = (await Promise.all(replies)).map(({ status }) => status)
    expect(statuses.sort()).toEqual([200, 409, 409, 409, 409])
    for (const response of refused) {
      expect(await errorOf(response)).toMatchObject({ code: 'idempotency_in_progress' })
    }
    expect(host.dispatches).toHaveLength(1)
    expect(await chargesOf(customer)).toHaveLength(1)
    expect(await bench.wallet(customer)).toMatchObject({ held: 0n })
  })
})

describe('after the first request', () => {
  test.each([false, true])('the same again names it, streamed or not: %s', async (stream) => {
    const { model, host } = await bench.sale([streams(['Hello'])])
    const customer = await bench.customer()
    const body = { model: model.id, stream }
    const first = await ask(customer, body, 'order-3')
    const { b3iq } = stream ? (await streamOf(first)).last : await completionOf(first)
    const { spent } = await bench.wallet(customer)
    const again = await ask(customer, body, 'order-3')
    expect(again.headers.get('retry-after')).toBeNull()
    const error = await errorOf(again)
    expect(error).toMatchObject({
      status: 409,
      code: 'idempotency_completed',
      receipt_hash: b3iq?.receipt_hash,
      completed_request_id: b3iq?.request_id,
      shouldRetry: 'false',
    })
    expect(error.request_id).not.toBe(b3iq?.request_id)
    expect(host.dispatches).toHaveLength(1)
    expect(await bench.wallet(customer)).toMatchObject({ spent, held: 0n })
  })

  test('a part that was delivered and billed counts as the answer', async () => {
    const { model } = await bench.sale([answers({ frames: [says('Hello')], end: 'cut' })])
    const customer = await bench.customer()
    const { last } = await streamOf(await ask(customer, { model: model.id, stream: true }, 'a'))
    expect(last.error?.code).toBe('upstream_error')
    const again = await ask(customer, { model: model.id, stream: true }, 'a')
    expect(await errorOf(again)).toMatchObject({
      code: 'idempotency_completed',
      receipt_hash: last.b3iq?.receipt_hash,
    })
    expect(await chargesOf(customer)).toHaveLength(1)
  })

  test('one that failed without a charge leaves the key free for another try', async () => {
    const { model, host } = await bench.sale([refuses(500)])
    const customer = await bench.customer()
    const failed = await errorOf(await ask(customer, { model: model.id }, 'order-4'))
    expect(failed).toMatchObject({ status: 502, code: 'upstream_error' })
    const { b3iq } = await completionOf(await ask(customer, { model: model.id }, 'order-4'))
    expect(b3iq.request_id).not.toBe(failed.request_id)
    expect(host.dispatches).toHaveLength(2)
    const after = await ask(customer, { model: model.id }, 'order-4')
    expect(await errorOf(after)).toMatchObject({
      code: 'idempotency_completed',
      completed_request_id: b3iq.request_id,
    })
  })

  test('one that was refused before it held anything took no key', async () => {
    const { model } = await bench.sale([streams(['Hello'])])
    const customer = await bench.customer({ balanceUsd: '0.001' })
    const dear = { model: model.id, max_tokens: 4_000 }
    expect((await ask(customer, dear, 'order-5')).status).toBe(402)
    await completionOf(await ask(customer, { model: model.id, max_tokens: 64 }, 'order-5'))
  })
})

describe('a key', () => {
  test('that stands for another body is refused', async () => {
    const { model, host } = await bench.sale([streams(['Hello'])])
    const customer = await bench.customer()
    await completionOf(await ask(customer, { model: model.id }, 'order-6'))
    const other = await ask(customer, { model: model.id, max_tokens: 99 }, 'order-6')
    expect(await errorOf(other)).toMatchObject({
      status: 422,
      code: 'idempotency_key_reused',
      param: 'Idempotency-Key',
      shouldRetry: 'false',
    })
    expect(host.dispatches).toHaveLength(1)
  })

  test.each(['', 'x'.repeat(limits.idempotencyKeyChars + 1)])(
    'of no or too many characters is refused',
    async (key) => {
      const { model, host } = await bench.sale([streams(['Hello'])])
      const response = await ask(await bench.customer(), { model: model.id }, key)
      expect(await errorOf(response)).toMatchObject({
        status: 400,
        code: 'invalid_value',
        param: 'Idempotency-Key',
        message: 'Idempotency-Key must have 1 to 255 characters.',
      })
      expect(host.dispatches).toEqual([])
    },
  )

  test('of the longest length is taken', async () => {
    const { model } = await bench.sale([streams(['Hello'])])
    const key = 'x'.repeat(limits.idempotencyKeyChars)
    await completionOf(await ask(await bench.customer(), { model: model.id }, key))
  })

  test('of one account means nothing in another', async () => {
    const { model, host } = await bench.sale([streams(['Hello'])])
    const customers = [await bench.customer(), await bench.customer()]
    for (const customer of customers) {
      await completionOf(await ask(customer, { model: model.id }, 'order-7'))
      expect(await chargesOf(customer)).toHaveLength(1)
    }
    expect(host.dispatches).toHaveLength(2)
  })

  test('is one for the whole account, whichever of its API keys sends it', async () => {
    const { model } = await bench.sale([streams(['Hello'])])
    const customer = await bench.customer()
    await completionOf(await ask(customer, { model: model.id }, 'order-8'))
    const colleague = await bench.keyOf(customer)
    const again = await ask(colleague, { model: model.id }, 'order-8')
    expect(await errorOf(again)).toMatchObject({ code: 'idempotency_completed' })
  })

  test('is stored nowhere as it was sent', async () => {
    const { model } = await bench.sale([streams(['Hello'])])
    const { app, claims } = recordingApp()
    const customer = await bench.customer()
    const key = 'a-telling-name'
    const response = await askChat(app, customer, { model: model.id }, { 'idempotency-key': key })
    await completionOf(response)
    expect(claims).toHaveLength(1)
    expect(JSON.stringify(claims)).not.toContain(key)
    expect(JSON.stringify(claims)).not.toContain(customer.key.accountId)
  })
})

describe('the official SDK', () => {
  // Its option `idempotencyKey` sends nothing by itself: it waits for the name of a header.
  class IdempotentOpenAI extends OpenAI {
    protected override idempotencyHeader = 'Idempotency-Key'
  }
  const clientOf = async ({ token }: Customer, app = bench.appOf(), maxRetries = 0) => {
    const baseURL = `${await bench.listen(app)}/v1`
    return new IdempotentOpenAI({ baseURL, apiKey: token, maxRetries })
  }

  test('sends the key of its option, and throws the conflict', async () => {
    const { model } = await bench.sale([streams(['Hello'])])
    const customer = await bench.customer()
    const client = await clientOf(customer)
    const create = () =>
      client.chat.completions.create(
        { model: model.id, messages: [...messages] },
        { idempotencyKey: 'order-9' },
      )
    expect((await create()).choices[0]?.message.content).toBe('Hello')
    const thrown = await create().catch((error: unknown) => error)
    expect(thrown).toBeInstanceOf(OpenAI.ConflictError)
    expect(thrown).toMatchObject({ status: 409, code: 'idempotency_completed' })
    expect(await chargesOf(customer)).toHaveLength(1)
  })

  test('keeps the key that it made over its own retries', async () => {
    const { model, host } = await bench.sale([refuses(500)])
    const customer = await bench.customer()
    const { app, claims } = recordingApp()
    const client = await clientOf(customer, app, 1)
    await client.chat.completions.create({ model: model.id, messages: [...messages] })
    expect(host.dispatches).toHaveLength(2)
    const [first] = claims
    expect(first).toBeDefined()
    expect(claims.every((claim) => claim?.claimHash === first?.claimHash)).toBe(true)
    expect((await chargesOf(customer)).filter((charge) => charge > 0n)).toHaveLength(1)
  })
})
