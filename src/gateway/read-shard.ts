/** One shard of a model's pool: the first tells how many there are, a die which one is read. */

import type { PoolShard } from '../fleet/pool.ts'
import type { PoolStore } from '../fleet/ports.ts'
import type { Random } from '../protocol/clock.ts'

export function readShardFrom(
  pool: Pick<PoolStore, 'readShard'>,
  random: Random,
): (model: string) => Promise<PoolShard | undefined> {
  return async (model) => {
    const first = await pool.readShard(model, 0)
    if (!first || first.shards === 1) return first
    const index = Math.floor(random() * first.shards)
    return (index === 0 ? undefined : await pool.readShard(model, index)) ?? first
  }
}
