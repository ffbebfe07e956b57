// Limits of a key that its wallet counts, as the client meets them.
import { monotonicFactory } from 'ulid'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ids } from '../../src/adapters/system.ts'
import type { CustomerKey } from '../../src/keys/api-key.ts'
import { askChat, completionOf, errorOf } from '../support/chat-client.ts'
import {
  type BenchChanges,
  type Customer,
  type GatewayBench,
  startGatewayBench,
} from '../support/gateway-bench.ts'
import { makeLatch, streams } from '../support/host-answers.ts'

let bench: GatewayBench
beforeAll(async () => {
  bench = await startGatewayBench()
})
afterAll(() => bench.stop())

/** Ids, and with them the counters, of one minute, however long the test takes. */
const inOneMinute = (): BenchChanges => {
  const atMs = Date.now()
  const nextUlid = monotonicFactory()
  return { ids: { ...ids, ulid: () => nextUlid(atMs) } }
}

const limited = (key: Partial<CustomerKey>) => bench.customer({ key })

const ask = async (customer: Customer, body: object, changes: BenchChanges = {}) =>
  askChat(bench.appOf(changes), customer, body)

async function expectLimit(response: Response, kind: string) {
  const retryAfterSec = Number(response.headers.get('retry-after'))
  expect(response.headers.get('x-b3iq-limit-kind')).toBe(kind)
  expect(await errorOf(response)).toMatchObject({
    status: 429,
    code: 'rate_limit_exceeded',
    kind,
    retry_after_seconds: retryAfterSec,
    shouldRetry: 'true',
  })
  return retryAfterSec
}

/** Until the next minute; whatever is left of this one. */
const ofThisMinute = { min: 1, max: 60 }
async function expectMinuteLimit(response: Response, kind: string) {
  const retryAfterSec = await expectLimit(response, kind)
  expect(retryAfterSec).toBeGreaterThanOrEqual(ofThisMinute.min)
  expect(retryAfterSec).toBeLessThanOrEqual(ofThisMinute.max)
}

describe('requests per minute', () => {
  test('are counted, and the one too many is refused', async () => {
    const { model } = await bench.sale([streams(['Hello'])])
    const customer = await limited({ requestsPerMinute: 1 })
    const minute = inOneMinute()
    await completionOf(await ask(customer, { model: model.id }, minute))
    await expectMinuteLimit(await ask(customer, { model: model.id }, minute), 'rpm')
  })
})

describe('tokens per minute', () => {
  test('of a request that is larger than all of them are never there', async () => {
    const { model, host } = await bench.sale([streams(['Hello'])])
    const customer = await limited({ tokensPerMinute: 1_000 })
    await expectMinuteLimit(await ask(customer, { model: model.id, max_tokens: 1_000 }), 'tpm')
    expect(host.dispatches).toEqual([])
    expect(await bench.wallet(customer)).toMatchObject({ held: 0n, spent: 0n })
  })

  test('are held at their most while a request runs, and counted as billed when it ended', async () => {
    const latch = makeLatch()
    const { model, host } = await bench.sale([
      async (turn) => {
        await latch.opened
        await streams(['Hello'])(turn)
      },
    ])
    const customer = await limited({ tokensPerMinute: 1_000 })
    const minute = inOneMinute()
    const body = { model: model.id, max_tokens: 600 }
    const dispatched = host.nextDispatch()
    const running = ask(customer, body, minute)
    await dispatched
    await expectMinuteLimit(await ask(customer, body, minute), 'tpm')
    latch.open()
    const { usage } = await completionOf(await running)
    // The window of 600 was not used, so there is room again in the same minute.
    await completionOf(await ask(customer, body, minute))
    const { counters } = await bench.wallet(customer)
    const counted = [...counters].filter(([name]) => name.startsWith('tm#'))
    expect(counted.map(([, tokens]) => tokens)).toEqual([BigInt(Number(usage.total_tokens) * 2)])
  })
})

describe('requests at the same time', () => {
  test('are as many as the key allows, and one that ended makes room', async () => {
    const latch = makeLatch()
    const { model, host } = await bench.sale([
      async (turn) => {
        await latch.opened
        await streams(['Hello'])(turn)
      },
    ])
    const customer = await limited({ concurrency: 1 })
    const dispatched = host.nextDispatch()
    const running = ask(customer, { model: model.id })
    await dispatched
    expect(await expectLimit(await ask(customer, { model: model.id }), 'concurrency')).toBe(5)
    latch.open()
    await completionOf(await running)
    await completionOf(await ask(customer, { model: model.id }))
  })

  test('are counted for the key, not for the account: another key of it still may', async () => {
    const latch = makeLatch()
    const { model, host } = await bench.sale([
      async (turn) => {
        await latch.opened
        await streams(['Hello'])(turn)
      },
    ])
    const customer = await limited({ concurrency: 1 })
    const other = await bench.keyOf(customer, { concurrency: 1 })
    const dispatched = host.nextDispatch()
    const running = ask(customer, { model: model.id })
    await dispatched
    const beside = ask(other, { model: model.id })
    latch.open()
    await completionOf(await beside)
    await completionOf(await running)
  })
})
