import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { NodeFacts } from '../../src/fleet/node.ts'
import { recomputeEligibility } from '../../src/schedules/recompute-eligibility.ts'
import { type RecomputeNodeDeps, recomputeNode } from '../../src/schedules/recompute-node.ts'
import { aBenchmark, aHostFacts, aProfile } from '../adapters/dynamodb/facts.ts'
import { type EnrolledFleet, startEnrolledFleet } from '../support/enrolled-fleet.ts'
import { modelOnSale } from '../support/model-on-sale.ts'

const model = 'maker/model'
const profileId = 'maker/model@q8'

let bench: EnrolledFleet
beforeEach(async () => {
  bench = await startEnrolledFleet()
  await bench.catalogue.putModel(modelOnSale(model))
})
afterEach(() => bench.stop())

const pass = () => recomputeEligibility({ ...bench, nowMs: Date.now })
const change = (nodeId: string, changes: Partial<RecomputeNodeDeps['pool']> = {}) =>
  recomputeNode({ ...bench, pool: { ...bench.pool, ...changes }, nowMs: Date.now }, nodeId)

const poolOf = async (id = model) => {
  const shards = (await bench.pool.readHead(id))?.shards ?? 0
  const all = Array.from({ length: shards }, (_, index) => bench.pool.readShard(id, index))
  return (await Promise.all(all)).map(
    (shard) => shard?.map(({ nodeId }) => nodeId).toSorted() ?? [],
  )
}
const setDisabled = ({ nodeId }: NodeFacts, isDisabled: boolean) =>
  bench.fleet.setProfileDisabled({ nodeId, profileId, isDisabled })

describe('a node that one change shuts out', () => {
  test('leaves its shard at once, and comes back by the opposite change; nobody else moves', async () => {
    const nodes = await Promise.all(Array.from({ length: 30 }, () => bench.enrol()))
    await pass()
    const before = await poolOf()
    for (const node of nodes.slice(0, 5)) {
      await setDisabled(node, true)
      expect(await change(node.nodeId)).toEqual({ [model]: 'replaced' })
      const without = before.map((shard) => shard.filter((nodeId) => nodeId !== node.nodeId))
      expect(await poolOf()).toEqual(without)
      await setDisabled(node, false)
      expect(await change(node.nodeId)).toEqual({ [model]: 'replaced' })
      expect(await poolOf()).toEqual(before)
    }
  })

  test('that changes nothing writes nothing', async () => {
    const { nodeId } = await bench.enrol()
    await pass()
    const replaceShard = async () => {
      throw new Error('nothing is to be written')
    }
    expect(await change(nodeId, { replaceShard })).toEqual({ [model]: 'unchanged' })
  })
})

describe('a node that joins', () => {
  test('is in the pool with its first evidence, and a new benchmark replaces the old', async () => {
    await pass()
    const { nodeId } = await bench.enrol({ benchmark: 'none' })
    expect(await change(nodeId)).toEqual({ [model]: 'unchanged' })
    for (const benchmarkId of ['bench-1', 'bench-2']) {
      const expiresAtMs = Date.now() + 86_400_000
      await bench.fleet.writeBenchmark(
        { nodeId, profileId },
        aBenchmark({ benchmarkId, expiresAtMs }),
      )
      expect(await change(nodeId)).toEqual({ [model]: 'replaced' })
      expect(await bench.pool.readShard(model, 0)).toMatchObject([{ nodeId, benchmarkId }])
    }
  })

  test('waits for the next pass where its shard is full, and where the model has no pool', async () => {
    const early = await bench.enrol()
    expect(await change(early.nodeId)).toEqual({ [model]: 'left' })
    await Promise.all(Array.from({ length: 27 }, () => bench.enrol()))
    await pass()
    const late = await Promise.all(Array.from({ length: 5 }, () => bench.enrol()))
    const outcomes = []
    for (const { nodeId } of late) outcomes.push(await change(nodeId))
    expect(outcomes.map((one) => one[model])).toEqual([
      ...Array.from({ length: 4 }, () => 'replaced'),
      'left',
    ])
    await pass()
    expect((await poolOf()).flat()).toHaveLength(33)
  })
})

describe('a pass that writes at the same time', () => {
  test('wins: the node is judged again on top of it', async () => {
    const [one, other] = [await bench.enrol(), await bench.enrol()]
    await pass()
    let tries = 0
    const outcome = await change(one.nodeId, {
      findShard: async (id, nodeId) => {
        const found = await bench.pool.findShard(id, nodeId)
        tries += 1
        if (tries === 1) {
          await setDisabled(other, true)
          await pass()
          // This is the change; the pass looked just before it.
          await setDisabled(one, true)
        }
        return found
      },
    })
    expect([outcome, tries]).toEqual([{ [model]: 'replaced' }, 2])
    expect(await poolOf()).toEqual([[]])
  })

  test('again and again leaves the node to the pass', async () => {
    const node = await bench.enrol()
    await pass()
    await setDisabled(node, true)
    const replaceShard = async () => false
    expect(await change(node.nodeId, { replaceShard })).toEqual({ [model]: 'left' })
  })
})

test('a node of several models is read and judged once for all of them', async () => {
  await bench.catalogue.putModel(modelOnSale('other/model'))
  const { nodeId } = await bench.enrol()
  const profiles = [
    aProfile(nodeId),
    aProfile(nodeId, { profileId: 'other/model@q8', model: 'other/model' }),
  ]
  await bench.fleet.writeProfiles(nodeId, profiles, { basis: 'other', hostFacts: aHostFacts })
  await bench.fleet.writeBenchmark(
    { nodeId, profileId: 'other/model@q8' },
    aBenchmark({ expiresAtMs: Date.now() + 86_400_000 }),
  )
  await pass()
  await bench.fleet.changeStatus({ nodeId, from: ['active'], to: 'retired' })
  const reads: string[] = []
  const fleet = {
    ...bench.fleet,
    readRow: async (id: string) => {
      reads.push('row')
      return bench.fleet.readRow(id)
    },
  }
  const catalogue = {
    listModels: async () => {
      reads.push('catalogue')
      return bench.catalogue.listModels()
    },
  }
  const outcome = await recomputeNode({ ...bench, fleet, catalogue, nowMs: Date.now }, nodeId)
  expect(outcome).toEqual({ [model]: 'replaced', 'other/model': 'replaced' })
  // The first row names the models; the second is read after their shards.
  expect(reads.toSorted()).toEqual(['catalogue', 'row', 'row'])
})

test('a node leaves the pools of models that it no longer serves', async () => {
  await bench.catalogue.putModel(modelOnSale('other/model'))
  const { nodeId } = await bench.enrol()
  await pass()
  await bench.fleet.writeProfiles(nodeId, [], {
    basis: 'other',
    hostFacts: aHostFacts,
  })
  const outcome = await recomputeNode({ ...bench, nowMs: Date.now }, nodeId, [model])
  expect(outcome).toEqual({ [model]: 'replaced' })
  expect(await poolOf()).toEqual([[]])
})
