import { describe, expect, test } from 'vitest'
import type { Candidate, PoolHead } from '../../src/fleet/pool.ts'
import { readShardFrom } from '../../src/gateway/read-shard.ts'
import { aCandidate, digest } from '../adapters/dynamodb/facts.ts'
import { modelOnSale } from '../support/model-on-sale.ts'

const model = { ...modelOnSale('maker/model'), version: 1 }

/** A pool whose shard `index` has one candidate of `index` milliseconds. */
function poolOf(shards: number, changes: { readonly candidate?: Partial<Candidate> } = {}) {
  const gone = new Set<number>()
  const reads: number[] = []
  let head: PoolHead | undefined = { model, builtAtMs: 0, shards, excludedBy: [] }
  return {
    reads,
    gone,
    resize: (count: number) => {
      head = count === 0 ? undefined : { model, builtAtMs: 0, shards: count, excludedBy: [] }
    },
    pool: {
      readHead: async () => head,
      readShard: async (_: string, index: number) => {
        reads.push(index)
        const isThere = head !== undefined && index < head.shards && !gone.has(index)
        return isThere
          ? [aCandidate({ firstContentP50Ms: index, ...changes.candidate })]
          : undefined
      },
    },
  }
}

/** Draws as the dice fall, one after the other. */
function drawing({ pool }: ReturnType<typeof poolOf>, ...dice: readonly number[]) {
  const left = [...dice]
  const read = readShardFrom(pool, () => left.shift() ?? 0)
  return async () =>
    (await read('maker/model'))?.candidates.map(({ firstContentP50Ms }) => firstContentP50Ms)
}

describe('a model', () => {
  test('without a pool is not on sale', async () => {
    const one = poolOf(1)
    one.resize(0)
    expect(await drawing(one)()).toBeUndefined()
  })

  test('of one shard takes one round trip: head and shard beside each other', async () => {
    const one = poolOf(1)
    expect(await drawing(one, 0.99)()).toEqual([0])
    expect(one.reads).toEqual([0])
  })

  test.each([
    [0, 0],
    [0.24, 0],
    [0.25, 1],
    [0.5, 2],
    [0.999, 3],
  ])('of four is read where the die falls: %d → shard %i', async (die, index) => {
    const four = poolOf(4)
    expect(await drawing(four, 0, die)()).toEqual([index])
  })

  test('that this process has met takes one round trip from then on', async () => {
    const four = poolOf(4)
    const draw = drawing(four, 0, 0.5, 0.75, 0.25)
    await draw()
    four.reads.splice(0)
    expect([await draw(), await draw()]).toEqual([[3], [1]])
    expect(four.reads).toEqual([3, 1])
  })

  test('whose shard went between two reads still has its first', async () => {
    const four = poolOf(4)
    four.gone.add(2)
    expect(await drawing(four, 0, 0.5)()).toEqual([0])
  })

  test('that shrank, or left, is read as it is now', async () => {
    const four = poolOf(4)
    const draw = drawing(four, 0, 0.9, 0.9, 0.9, 0)
    await draw()
    four.resize(1)
    expect(await draw()).toEqual([0])
    four.resize(0)
    expect(await draw()).toBeUndefined()
  })
})

test.each<[string, Partial<Candidate>, number]>([
  ['of an approved build is sold', {}, 1],
  ['of a build that the head’s catalogue does not know is not', { profileId: 'maker/model@q2' }, 0],
  ['of another file under a known name is not', { artifactDigest: `${digest.slice(0, -1)}b` }, 0],
])('a candidate %s', async (_, candidate, sold) => {
  expect(await drawing(poolOf(1, { candidate }))()).toHaveLength(sold)
})
