/** A model's pool as a pass leaves it, of candidates that the test chose. */
import type { PricedModel } from '../../src/catalogue/model.ts'
import type { Candidate, PoolHead } from '../../src/fleet/pool.ts'
import type { PackedShard, PoolStore } from '../../src/fleet/ports.ts'

/** Dealt over `shards` in the order given, as evenly as it goes. */
export async function writePool(
  pool: PoolStore,
  model: PricedModel,
  candidates: readonly Candidate[],
  changes: Partial<Omit<PoolHead, 'model'>> = {},
): Promise<void> {
  const head = { model, builtAtMs: Date.now(), shards: 1, excludedBy: [], ...changes }
  const size = Math.ceil(candidates.length / head.shards)
  for (let index = 0; index < head.shards; index += 1) {
    const own = candidates.slice(index * size, (index + 1) * size)
    await pool.writeShard(model.id, index, packOf(pool, own))
  }
  await pool.writeHead(head)
}

/** Throws where they do not fit into one shard. */
export function packOf(
  pool: Pick<PoolStore, 'pack'>,
  candidates: readonly Candidate[],
): PackedShard {
  const packed = pool.pack(candidates)
  if (!packed) throw new Error('the candidates do not fit into one shard')
  return packed
}
