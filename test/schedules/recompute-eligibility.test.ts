import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { limits } from '../../src/protocol/limits.ts'
import { recomputeEligibility } from '../../src/schedules/recompute-eligibility.ts'
import { type EnrolledFleet, startEnrolledFleet } from '../support/enrolled-fleet.ts'
import { modelOnSale } from '../support/model-on-sale.ts'

let bench: EnrolledFleet
beforeEach(async () => {
  bench = await startEnrolledFleet()
  await bench.catalogue.putModel(modelOnSale('maker/model'))
})
afterEach(() => bench.stop())

const run = (laterMs = 0) => recomputeEligibility({ ...bench, nowMs: () => Date.now() + laterMs })
const shard = (index = 0, model = 'maker/model') => bench.pool.readShard(model, index)
const listed = async () => (await bench.pool.readPublicCatalogue())?.models

describe('the pool', () => {
  test('has who is eligible, and tells why others are not', async () => {
    const { nodeId } = await bench.enrol()
    await bench.enrol({ node: { status: 'pending' } })
    await bench.enrol({ beat: { paidEnabled: false }, benchmark: 'none' })
    expect(await run()).toEqual({ profiles: 3, eligible: 1 })
    const built = await shard()
    expect(built).toMatchObject({ model: { id: 'maker/model', version: 1 }, shards: 1 })
    expect(built?.candidates.map((candidate) => candidate.nodeId)).toEqual([nodeId])
    expect(built?.excludedBy.toSorted()).toEqual([
      'benchmark_stale',
      'protocol_not_ready',
      'route_tier',
    ])
  })

  test('is known to be empty where nobody serves', async () => {
    expect(await run()).toEqual({ profiles: 0, eligible: 0 })
    expect(await shard()).toMatchObject({ candidates: [], excludedBy: [], shards: 1 })
    expect(await shard(0, 'no/such')).toBeUndefined()
  })

  test('has as many shards as it takes, and no more when the fleet shrinks', async () => {
    const count = limits.candidatesPerShard + 1
    const nodes = await Promise.all(Array.from({ length: count }, () => bench.enrol()))
    await run()
    const [first, second] = [await shard(0), await shard(1)]
    expect([first?.shards, second?.shards]).toEqual([2, 2])
    const dealt = [first, second].flatMap((one) => one?.candidates ?? [])
    expect(dealt.map(({ nodeId }) => nodeId).sort()).toEqual(
      nodes.map(({ nodeId }) => nodeId).sort(),
    )
    await run(61_000)
    expect(await shard(0)).toMatchObject({ shards: 1, excludedBy: ['heartbeat_stale'] })
    expect(await shard(1)).toBeUndefined()
  })

  test('is apart for each model', async () => {
    await bench.catalogue.putModel(modelOnSale('other/model'))
    await bench.enrol({ node: { status: 'suspended' } })
    await run()
    expect((await shard())?.excludedBy).toEqual(['protocol_not_ready'])
    expect((await shard(0, 'other/model'))?.excludedBy).toEqual([])
  })

  test('is built without a profile of no catalogued model', async () => {
    await bench.enrol({ profile: { model: 'stranger/model', profileId: 'stranger/model@q8' } })
    expect(await run()).toEqual({ profiles: 1, eligible: 0 })
    expect(await shard()).toMatchObject({ candidates: [], excludedBy: [] })
  })
})

describe('the public catalogue', () => {
  test('lists a model while someone serves it, with what was measured', async () => {
    for (const firstContentP50Ms of [100, 300, 200]) {
      await bench.enrol({ benchmark: { firstContentP50Ms, tokensPerSecondP50: 50 } })
    }
    await bench.catalogue.putModel(modelOnSale('other/model'))
    await run()
    expect(await listed()).toMatchObject([
      {
        model: { id: 'maker/model' },
        eligibleHosts: 3,
        firstContentP50Ms: 200,
        tokensPerSecondP50: 50,
        quantizations: ['Q8_0'],
      },
    ])
    await run(61_000)
    expect(await listed()).toEqual([])
  })

  test('has the prices as they are now', async () => {
    await bench.enrol()
    await run()
    const [row] = modelOnSale('maker/model').prices
    const prices = row ? [{ ...row, completion_usd_per_mtok: '9' }] : []
    await bench.catalogue.putModel(modelOnSale('maker/model', { prices }))
    await run()
    expect((await listed())?.[0]?.model).toMatchObject({ version: 2, prices })
    expect((await shard())?.model).toMatchObject({ version: 2, prices })
  })
})
