/**
 * One shard of a model's pool, drawn by a die, beside the head that tells how many there are: in one
 * round trip where this process has met the model before.
 */
import type { PricedModel } from '../catalogue/model.ts'
import type { Candidate, PoolShard } from '../fleet/pool.ts'
import type { PoolStore } from '../fleet/ports.ts'
import type { Random } from '../protocol/clock.ts'

export function readShardFrom(
  pool: Pick<PoolStore, 'readHead' | 'readShard'>,
  random: Random,
): (model: string) => Promise<PoolShard | undefined> {
  /** Of models on sale alone: names that clients make up leave nothing here. */
  const countsSeen = new Map<string, number>()
  const draw = (shards: number) => Math.floor(random() * shards)

  return async (model) => {
    const seen = countsSeen.get(model)
    const guess = draw(seen ?? 1)
    const [head, guessed] = await Promise.all([pool.readHead(model), pool.readShard(model, guess)])
    if (!head) {
      countsSeen.delete(model)
      return undefined
    }
    countsSeen.set(model, head.shards)
    // Until now nothing told that there are others than the first.
    const index = seen === undefined && head.shards > 1 ? draw(head.shards) : guess
    const drawn = index === guess ? guessed : await pool.readShard(model, index)
    // A pool that shrank has its first shard still.
    const candidates = drawn ?? (index === 0 ? undefined : await pool.readShard(model, 0)) ?? []
    return { ...head, candidates: candidates.filter((one) => isSold(one, head.model)) }
  }
}

/** Head and shard may be of two passes: what the head's catalogue does not know has no price. */
const isSold = (candidate: Candidate, { profiles }: PricedModel): boolean =>
  profiles.some(
    ({ profile_id, artifact }) =>
      profile_id === candidate.profileId && artifact.digest === candidate.artifactDigest,
  )
