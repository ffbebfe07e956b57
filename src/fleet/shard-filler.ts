/**
 * Deals candidates over shards as the fleet goes by, node by node: a shard is a run of nodes, closed
 * with room to spare, so that a node that joins between two passes finds a place.
 */
import { assert } from '../protocol/assert.ts'
import { limits } from '../protocol/limits.ts'
import type { Candidate } from './pool.ts'
import type { PackedShard, PoolStore } from './ports.ts'

export type FilledShard = { readonly index: number; readonly shard: PackedShard }

export type ShardFiller = {
  /** One node's candidates, which stay together; the shards that are full now. */
  readonly add: (ofNode: readonly Candidate[]) => readonly FilledShard[]
  /** What is left; always at least one shard in all, so that empty is known. */
  readonly end: () => readonly FilledShard[]
  /** Shards handed out so far. */
  readonly count: () => number
}

const roomToJoin = 4
const fullAt = limits.candidatesPerShard - roomToJoin

type Run = readonly (readonly Candidate[])[]

export function makeShardFiller(pack: PoolStore['pack']): ShardFiller {
  let run: (readonly Candidate[])[] = []
  let size = 0
  let count = 0

  const close = (nodes: Run): FilledShard[] => {
    const shard = pack(nodes.flat())
    if (shard) {
      count += 1
      return [{ index: count - 1, shard }]
    }
    assert(nodes.length > 1, 'the candidates of one node fit into a shard')
    const half = Math.ceil(nodes.length / 2)
    return [...close(nodes.slice(0, half)), ...close(nodes.slice(half))]
  }

  const flush = (): FilledShard[] => {
    const full = close(run)
    run = []
    size = 0
    return full
  }

  return {
    add: (ofNode) => {
      const full = size > 0 && size + ofNode.length > fullAt ? flush() : []
      run.push(ofNode)
      size += ofNode.length
      return full
    },
    end: () => (size > 0 || count === 0 ? flush() : []),
    count: () => count,
  }
}
