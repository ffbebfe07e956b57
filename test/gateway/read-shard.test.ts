import { describe, expect, test } from 'vitest'
import type { PoolShard } from '../../src/fleet/pool.ts'
import { readShardFrom } from '../../src/gateway/read-shard.ts'
import { aCandidate } from '../adapters/dynamodb/facts.ts'
import { modelOnSale } from '../support/model-on-sale.ts'

const model = { ...modelOnSale('maker/model'), version: 1 }

/** A pool whose shard `index` has one candidate of `index` milliseconds. */
function poolOf(count: number, missing: readonly number[] = []) {
  const reads: number[] = []
  const shard = (index: number): PoolShard => ({
    model,
    builtAtMs: 0,
    shards: count,
    candidates: [aCandidate({ firstContentP50Ms: index })],
    excludedBy: [],
  })
  const readShard = async (_: string, index: number) => {
    reads.push(index)
    return index < count && !missing.includes(index) ? shard(index) : undefined
  }
  return { pool: { readShard }, reads }
}
const drawn = async (pool: ReturnType<typeof poolOf>['pool'], die: number) =>
  (await readShardFrom(pool, () => die)('maker/model'))?.candidates[0]?.firstContentP50Ms

describe('a model', () => {
  test('without a pool is not on sale', async () => {
    expect(await drawn(poolOf(0).pool, 0)).toBeUndefined()
  })

  test('of one shard takes one read', async () => {
    const { pool, reads } = poolOf(1)
    expect(await drawn(pool, 0.99)).toBe(0)
    expect(reads).toEqual([0])
  })

  test.each([
    [0, 0],
    [0.24, 0],
    [0.25, 1],
    [0.5, 2],
    [0.999, 3],
  ])('of four is read where the die falls: %d → shard %i', async (die, index) => {
    const { pool, reads } = poolOf(4)
    expect(await drawn(pool, die)).toBe(index)
    expect(reads).toHaveLength(index === 0 ? 1 : 2)
  })

  test('whose shard went between two reads still has its first', async () => {
    expect(await drawn(poolOf(4, [2]).pool, 0.5)).toBe(0)
  })
})
