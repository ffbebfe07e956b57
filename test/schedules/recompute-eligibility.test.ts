import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { placeOf } from '../../src/adapters/dynamodb/items/fleet-keys.ts'
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
/** The whole pool, as if it were one shard. */
const pool = async (model = 'maker/model') => {
  const head = await bench.pool.readHead(model)
  if (!head) return undefined
  const indexes = Array.from({ length: head.shards }, (_, index) => index)
  const shards = await Promise.all(indexes.map((index) => bench.pool.readShard(model, index)))
  return {
    ...head,
    sizes: shards.map((one) => one?.length),
    candidates: shards.flatMap((one) => one ?? []),
  }
}
const listed = async () => (await bench.pool.readPublicCatalogue())?.models

describe('the pool', () => {
  test('has who is eligible, and tells why others are not', async () => {
    const { nodeId } = await bench.enrol()
    await bench.enrol({ node: { status: 'pending' } })
    await bench.enrol({ beat: { paidEnabled: false }, benchmark: 'none' })
    expect(await run()).toEqual({ nodesFresh: 2, profiles: 3, eligible: 1, isIdle: false })
    const built = await pool()
    expect(built).toMatchObject({ model: { id: 'maker/model', version: 1 }, shards: 1 })
    expect(built?.candidates.map((candidate) => candidate.nodeId)).toEqual([nodeId])
    expect(built?.excludedBy.toSorted()).toEqual([
      'benchmark_stale',
      'protocol_not_ready',
      'route_tier',
    ])
  })

  test('is known to be empty where nobody serves', async () => {
    expect(await run()).toEqual({ nodesFresh: 0, profiles: 0, eligible: 0, isIdle: true })
    expect(await pool()).toMatchObject({ sizes: [0], excludedBy: [], shards: 1 })
    expect(await pool('no/such')).toBeUndefined()
  })

  test('has as many shards as it takes, and no more when the fleet shrinks', async () => {
    const nodes = await Promise.all(Array.from({ length: 29 }, () => bench.enrol()))
    await run()
    const full = await pool()
    // A shard is closed with room for those who join before the next pass.
    expect(full).toMatchObject({ shards: 2, sizes: [28, 1] })
    const dealt = full?.candidates.map(({ nodeId }) => placeOf(nodeId))
    expect(dealt).toEqual(nodes.map(({ nodeId }) => placeOf(nodeId)).toSorted())
    await run(61_000)
    expect(await pool()).toMatchObject({ sizes: [0], excludedBy: ['heartbeat_stale'] })
    expect(await bench.pool.readShard('maker/model', 1)).toBeUndefined()
  })

  test('is the same when two passes make it at once', async () => {
    await Promise.all(Array.from({ length: 29 }, () => bench.enrol()))
    await run()
    const alone = await pool()
    await Promise.all([run(), run()])
    const built = await pool()
    expect({ ...built, builtAtMs: alone?.builtAtMs }).toEqual(alone)
    expect(built?.candidates).toHaveLength(29)
  })

  test('is as old as the facts it was made from', async () => {
    const beganAtMs = Date.now()
    let nowMs = beganAtMs
    const ticking = () => {
      nowMs += 1_000
      return nowMs
    }
    await recomputeEligibility({ ...bench, nowMs: ticking })
    expect((await pool())?.builtAtMs).toBe(beganAtMs + 1_000)
  })

  test('is what it was when a shard cannot be written', async () => {
    const { nodeId } = await bench.enrol()
    await run()
    const before = await pool()
    const writeShard = async () => {
      throw new Error('the table is not there')
    }
    const broken = { ...bench, pool: { ...bench.pool, writeShard }, nowMs: Date.now }
    await expect(recomputeEligibility(broken)).rejects.toThrow('1 items failed')
    expect(await pool()).toEqual(before)
    expect(before?.candidates.map((one) => one.nodeId)).toEqual([nodeId])
  })

  test('tells where a host stands, as its operator said', async () => {
    const { nodeId } = await bench.enrol({ node: { region: 'eu-west-1' } })
    const other = await bench.enrol()
    await run()
    const candidates = (await pool())?.candidates ?? []
    const regions = candidates.map((one) => [one.nodeId, one.region] as const)
    expect(Object.fromEntries(regions)).toEqual({
      [nodeId]: 'eu-west-1',
      [other.nodeId]: undefined,
    })
  })

  test('misses no capacity in hosts that wait for approval or are paused, and looks again', async () => {
    await bench.enrol({ node: { status: 'pending' } })
    await bench.enrol({ beat: { state: 'user_active' } })
    await bench.enrol({ beat: { state: 'paused_by_owner' } })
    expect(await run()).toEqual({ nodesFresh: 0, profiles: 3, eligible: 0, isIdle: false })
  })

  test('is worth no second pass in the minute where all are silent', async () => {
    await bench.enrol()
    expect(await run()).toMatchObject({ nodesFresh: 1, isIdle: false })
    expect(await run(61_000)).toMatchObject({ nodesFresh: 0, profiles: 1, isIdle: true })
  })

  test('is apart for each model', async () => {
    await bench.catalogue.putModel(modelOnSale('other/model'))
    await bench.enrol({ node: { status: 'suspended' } })
    await run()
    expect((await pool())?.excludedBy).toEqual(['protocol_not_ready'])
    expect((await pool('other/model'))?.excludedBy).toEqual([])
  })

  test('is built without a profile of no catalogued model', async () => {
    await bench.enrol({ profile: { model: 'stranger/model', profileId: 'stranger/model@q8' } })
    expect(await run()).toMatchObject({ profiles: 1, eligible: 0 })
    expect(await pool()).toMatchObject({ sizes: [0], excludedBy: [] })
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
        tokensPerSecondP50: 50,
        quantizations: ['Q8_0'],
        variants: [
          {
            routeTier: 'network_beta',
            trustTier: 'T0',
            eligibleHosts: 3,
            tokensPerSecond: { p50: 50, p5: 50 },
            capabilities: { tools: true, jsonSchema: true, logprobs: true },
            contextTokens: 16_384,
          },
        ],
      },
    ])
    const [model] = (await listed()) ?? []
    expect(Math.abs((model?.firstContentP50Ms ?? 0) / 200 - 1)).toBeLessThan(0.01)
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
    expect((await pool())?.model).toMatchObject({ version: 2, prices })
  })
})
