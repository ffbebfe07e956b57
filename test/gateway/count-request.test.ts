/** What is counted of paid requests by how they end: each once, and before the last byte of its reply. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { sleep } from '../../src/adapters/system.ts'
import type { RequestCount } from '../../src/metering/request-count.ts'
import type { Sleep } from '../../src/protocol/clock.ts'
import { askChat } from '../support/chat-client.ts'
import { asksOf } from '../support/gateway-asks.ts'
import { type GatewayBench, startGatewayBench } from '../support/gateway-bench.ts'
import { answers, hangsUp, refuses, says, streams } from '../support/host-answers.ts'

let bench: GatewayBench
let before = 0

beforeAll(async () => {
  bench = await startGatewayBench()
})
beforeEach(() => {
  before = bench.requestCounts().length
})
afterAll(() => bench.stop())

const { ask } = asksOf(() => bench)

/** Of this test's requests, by the time that their replies were read. */
const counts = (): readonly RequestCount[] => bench.requestCounts().slice(before)

const untouched = {
  requestId: expect.stringMatching(/^[0-9A-Z]{26}$/),
  code: undefined,
  isSlow: false,
  firstContentMs: undefined,
  attemptsFailed: 0,
  charge: undefined,
  isDecisionUnknown: false,
}

describe.each([true, false])('with stream %s', (stream) => {
  test('an answered request counts with its first content and its charge', async () => {
    const { response, customer } = await ask([streams(['Hello'])], stream)
    await response.text()
    const { spent } = await bench.wallet(customer)
    expect(spent).toBeGreaterThan(0n)
    expect(counts()).toEqual([
      { ...untouched, ending: 'answered', firstContentMs: expect.any(Number), charge: spent },
    ])
  })

  test('later than the objective allows, it counts as slow too', async () => {
    const { response } = await ask([streams(['Hello'])], stream, { slowAfterMs: -1 })
    await response.text()
    expect(counts()).toMatchObject([{ ending: 'answered', isSlow: true }])
  })

  test('hosts in vain are counted beside the answer of the next', async () => {
    const { response } = await ask([hangsUp, refuses(500), streams(['Hello'])], stream)
    await response.text()
    expect(counts()).toMatchObject([{ ending: 'answered', attemptsFailed: 2 }])
  })

  test('where no host answers, it has failed', async () => {
    const { response } = await ask([hangsUp], stream)
    expect(response.status).toBe(502)
    expect(counts()).toEqual([
      { ...untouched, ending: 'failed', code: 'upstream_error', attemptsFailed: 1, charge: 0n },
    ])
  })

  test('without a host there is nothing to settle, and it has failed', async () => {
    const { response } = await ask([], stream)
    expect(response.status).toBe(503)
    expect(counts()).toMatchObject([{ ending: 'failed', attemptsFailed: 0 }])
  })

  test('an empty balance is refused', async () => {
    const { model } = await bench.sale([streams(['Hello'])])
    const customer = await bench.customer({ balanceUsd: '0' })
    const response = await askChat(bench.appOf(), customer, { model: model.id, stream })
    expect(response.status).toBe(402)
    expect(counts()).toEqual([{ ...untouched, ending: 'refused', code: 'insufficient_balance' }])
  })

  test('what cannot be settled has failed, and its decision is unknown', async () => {
    const { store } = bench.deps
    const decide = async () => ({ kind: 'unknown' }) as const
    // Between the tries of a write it waits seconds in all.
    const wait: Sleep = (durationMs, signal) => sleep(durationMs < 3_000 ? 1 : durationMs, signal)
    const changes = { store: { ...store, decide }, sleep: wait }
    const { response } = await ask([streams(['Hello'])], stream, changes)
    await response.text()
    expect(counts()).toMatchObject([{ ending: 'failed', isDecisionUnknown: true }])
  })
})

test('a stream that breaks off has failed, whatever its status said', async () => {
  const { response } = await ask([answers({ frames: [says('Hel')], end: 'cut' })], true)
  expect(response.status).toBe(200)
  await response.text()
  expect(counts()).toMatchObject([{ ending: 'failed', attemptsFailed: 0, isSlow: false }])
})

test('a body that cannot be read is refused', async () => {
  const response = await askChat(bench.appOf(), await bench.customer(), '{')
  expect(response.status).toBe(400)
  expect(counts()).toEqual([{ ...untouched, ending: 'refused', code: 'invalid_json' }])
})

test('a model that is not on sale is refused', async () => {
  const response = await askChat(bench.appOf(), await bench.customer(), { model: 'no/such' })
  expect(response.status).toBe(404)
  expect(counts()).toEqual([{ ...untouched, ending: 'refused', code: 'model_not_found' }])
})

test('who names no key is not counted', async () => {
  const response = await askChat(bench.appOf(), { token: 'sk-b3iq-none' }, { model: 'no/such' })
  expect(response.status).toBe(401)
  expect(counts()).toEqual([])
})

test('keys that cannot be read fail every request', async () => {
  const keys = async () => {
    throw new Error('no table')
  }
  const response = await askChat(bench.appOf({ keys }), await bench.customer(), {
    model: 'no/such',
  })
  expect(response.status).toBe(503)
  expect(counts()).toEqual([{ ...untouched, ending: 'failed', code: 'ledger_unavailable' }])
})

test('a fault of ours fails the request, and is counted once', async () => {
  const { model } = await bench.sale([streams(['Hello'])])
  const shards = async () => Promise.reject(new TypeError('a bug'))
  const random = () => {
    throw new TypeError('a bug')
  }
  for (const changes of [{ shards }, { random }]) {
    const app = bench.appOf(changes)
    await (await askChat(app, await bench.customer(), { model: model.id })).text()
  }
  expect(counts().map(({ ending }) => ending)).toEqual(['failed', 'failed'])
})
