/**
 * Pools in memory behind the same port, packed by the same code, for fleets too large or too
 * changeable for a database. `pool-store.test.ts` says how the real one behaves.
 */
import {
  fromShardItem,
  packShard,
  shardBytesMax,
} from '../../src/adapters/dynamodb/items/pool-item.ts'
import type { PoolHead } from '../../src/fleet/pool.ts'
import type { PackedShard, PoolStore, PublicCatalogue } from '../../src/fleet/ports.ts'

export type MemoryPool = Pick<
  PoolStore,
  'readHead' | 'readShard' | 'pack' | 'writeShard' | 'writeHead' | 'writePublicCatalogue'
> & {
  /** What was written so far, and the largest shard. */
  readonly written: { shards: number; heads: number; bytes: number; bytesMax: number }
  readonly catalogue: () => PublicCatalogue | undefined
}

/** `keeps: false` forgets shards as they are written, so that only the writer's own memory grows. */
export function makeMemoryPool({ keeps = true } = {}): MemoryPool {
  const heads = new Map<string, PoolHead>()
  const shards = new Map<string, PackedShard>()
  const written = { shards: 0, heads: 0, bytes: 0, bytesMax: 0 }
  let catalogue: PublicCatalogue | undefined
  return {
    written,
    catalogue: () => catalogue,
    readHead: async (model) => heads.get(model),
    readShard: async (model, index) => {
      const shard = shards.get(`${model} ${index}`)
      return shard && fromShardItem({ version: '', body: shard.body }, index).candidates
    },
    pack: packShard,
    writeShard: async (model, index, shard) => {
      const { byteLength } = shard.body
      if (byteLength > shardBytesMax) throw new Error(`a shard of ${byteLength} bytes`)
      written.shards += 1
      written.bytes += byteLength
      written.bytesMax = Math.max(written.bytesMax, byteLength)
      if (keeps) shards.set(`${model} ${index}`, shard)
    },
    writeHead: async (head) => {
      written.heads += 1
      heads.set(head.model.id, head)
    },
    writePublicCatalogue: async (next) => {
      catalogue = next
    },
  }
}
