import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Candidate } from '../../src/fleet/pool.ts'
import type { PackedShard } from '../../src/fleet/ports.ts'
import { makeShardFiller } from '../../src/fleet/shard-filler.ts'
import { limits } from '../../src/protocol/limits.ts'
import { aCandidate } from '../adapters/dynamodb/facts.ts'

/** A store whose shards hold `sizeMax` candidates, and keeps what it packed. */
function fill(nodes: readonly number[], sizeMax: number = limits.candidatesPerShard) {
  const packed = new Map<PackedShard, readonly Candidate[]>()
  const filler = makeShardFiller((candidates) => {
    if (candidates.length > sizeMax) return undefined
    const shard = { firstNodeId: candidates[0]?.nodeId, body: new Uint8Array() }
    packed.set(shard, candidates)
    return shard
  })
  const given = nodes.map((count) => {
    const node = aCandidate()
    return Array.from({ length: count }, (_, index) => ({ ...node, profileId: `p${index}` }))
  })
  const filled = [...given.flatMap((ofNode) => filler.add(ofNode)), ...filler.end()]
  const shards = filled.map(({ shard }) => packed.get(shard) ?? [])
  return { given, shards, indexes: filled.map(({ index }) => index), count: filler.count() }
}

const sizesOf = (nodes: readonly number[], sizeMax?: number) =>
  fill(nodes, sizeMax).shards.map((shard) => shard.length)
const ones = (count: number) => Array.from({ length: count }, () => 1)

describe('a pool', () => {
  test.each<[string, number[], number[]]>([
    ['of nobody has one shard, empty', [], [0]],
    ['of 28 nodes has one', ones(28), [28]],
    ['of 29 has two, the first with room for four more', ones(29), [28, 1]],
    ['keeps the profiles of one node together', [...ones(27), 2, 1], [27, 3]],
    ['gives a node of 32 builds a shard of its own', [1, 32, 1], [1, 32, 1]],
  ])('%s', (_, nodes, sizes) => {
    expect(sizesOf(nodes)).toEqual(sizes)
  })

  test('of large candidates has smaller shards, cut between nodes', () => {
    expect(sizesOf(ones(28), 10)).toEqual([7, 7, 7, 7])
    expect(sizesOf([2, 2, 2], 4)).toEqual([4, 2])
  })

  test('has every candidate once, in the order given, in shards counted from 0', () => {
    const nodes = fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 80 })
    fc.assert(
      fc.property(nodes, fc.integer({ min: 5, max: 32 }), (counts, sizeMax) => {
        const { given, shards, indexes, count } = fill(counts, sizeMax)
        expect(shards.flat()).toEqual(given.flat())
        expect(indexes).toEqual([...shards.keys()])
        expect(count).toBe(shards.length)
        for (const shard of shards) expect(shard.length).toBeLessThanOrEqual(sizeMax)
      }),
      { numRuns: 50 },
    )
  })

  test('never has a node that fits no shard', () => {
    expect(() => sizesOf([5], 4)).toThrow('the candidates of one node fit')
  })
})
