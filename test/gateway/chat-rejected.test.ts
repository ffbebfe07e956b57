// Requests that a runtime takes for invalid: nobody may close hosts to others by asking nonsense.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aCandidate } from '../adapters/dynamodb/facts.ts'
import { askChat, errorOf } from '../support/chat-client.ts'
import { asksOf } from '../support/gateway-asks.ts'
import { type GatewayBench, type Sale, startGatewayBench } from '../support/gateway-bench.ts'
import { busy, refuses, rejects, streams } from '../support/host-answers.ts'
import { modelOnSale } from '../support/model-on-sale.ts'
import { writePool } from '../support/write-pool.ts'

let bench: GatewayBench
beforeAll(async () => {
  bench = await startGatewayBench()
})
afterAll(() => bench.stop())

const { ask, wayOf } = asksOf(() => bench)

/** Failures that the breakers of a sale's hosts have counted. */
async function failuresOf({ candidates }: Pick<Sale, 'candidates'>) {
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

  test.each([
    ['a smaller context', { contextLength: 64 }],
    ['another runtime', { runtimeKind: 'sglang' }],
  ] as const)('says nothing of a host with %s than the one that serves it', async (_, changes) => {
    const [small, large] = await Promise.all([bench.newHost(rejects), bench.newHost()])
    const model = modelOnSale(`maker/${small.nodeId}`)
    await Promise.all([small, large].map(({ nodeId }) => bench.beat(nodeId)))
    const candidates = [small, large].map(({ nodeId, publicKey, url }, index) =>
      aCandidate({
        nodeId,
        publicKey,
        routeUrl: url,
        profileId: `${model.id}@q8`,
        ...(index === 0 ? changes : {}),
      }),
    )
    await writePool(bench.pool, { ...model, version: 1 }, candidates)
    const customer = await bench.customer()
    const response = await askChat(bench.appOf(), customer, { model: model.id })
    expect(response.status).toBe(200)
    await response.text()
    expect(small.dispatches).toHaveLength(1)
    expect(await failuresOf({ candidates })).toEqual([0, 0])
  })

  test('counts against that host where its equal serves it', async () => {
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
