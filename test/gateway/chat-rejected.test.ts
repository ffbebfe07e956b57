// Requests that a runtime takes for invalid: nobody may close hosts to others by asking nonsense.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { errorOf } from '../support/chat-client.ts'
import { asksOf } from '../support/gateway-asks.ts'
import { type GatewayBench, type Sale, startGatewayBench } from '../support/gateway-bench.ts'
import { busy, refuses, rejects, streams } from '../support/host-answers.ts'

let bench: GatewayBench
beforeAll(async () => {
  bench = await startGatewayBench()
})
afterAll(() => bench.stop())

const { ask, wayOf } = asksOf(() => bench)

/** Failures that the breakers of a sale's hosts have counted. */
async function failuresOf({ candidates }: Sale) {
  const hotItems = await bench.fleet.readHotItems(candidates.map(({ nodeId }) => nodeId))
  return candidates.map(
    ({ nodeId, profileId }) => hotItems.get(nodeId)?.breakers[profileId]?.failures ?? 0,
  )
}

describe('a request that the host rejects with its signature', () => {
  test('is tried elsewhere; rejected everywhere it is the customer’s mistake', async () => {
    const { sale, customer, response } = await ask([rejects, rejects], false)
    expect(await errorOf(response)).toMatchObject({
      status: 400,
      code: 'invalid_value',
      shouldRetry: 'false',
    })
    expect(await wayOf(customer)).toMatchObject({
      result: { status: 'failed', error: 'invalid_value' },
      chargeUsd: '0',
      attempts: sale.hosts.map(({ nodeId }) => [nodeId, 'rejected']),
    })
    expect(await failuresOf(sale)).toEqual([0, 0])
  })

  test('counts against that host where another one serves it', async () => {
    const { sale, response } = await ask([rejects, streams(['Hello'])], false)
    expect(response.status).toBe(200)
    await response.text()
    expect(await failuresOf(sale)).toEqual([1, 0])
  })

  test('and that others are too full for may be sent again', async () => {
    const { response } = await ask([rejects, busy], false)
    expect(await errorOf(response)).toMatchObject({ status: 503, code: 'capacity_exhausted' })
  })
})

test('whoever says 400 without a signature has failed', async () => {
  const { sale, response } = await ask([refuses(400)], false)
  expect(await errorOf(response)).toMatchObject({ status: 502, code: 'upstream_error' })
  expect(await failuresOf(sale)).toEqual([1])
})
