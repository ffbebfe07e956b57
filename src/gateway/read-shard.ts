/**
 * The shards of a model's pool in which a request looks for its host, beside the head that tells how many
 * there are. A conversation's key names them, so that its host lies in what is read; a die does for the
 * rest. One round trip where this process has met the model before, none for five seconds after it.
 */
import { profileOf } from '../catalogue/model.ts'
import type { Candidate, PoolHead, PoolShard } from '../fleet/pool.ts'
import type { PoolStore } from '../fleet/ports.ts'
import type { NowMs, Random } from '../protocol/clock.ts'
import { type AffinityKey, placeOf, shardsAt } from '../routing/affinity.ts'
import { makeFreshCache } from './fresh-cache.ts'

export type ShardWish = {
  readonly affinity: AffinityKey | undefined
  /** Whether the request has hosts enough there. */
  readonly suits: (shard: PoolShard) => boolean
}

export type ReadShard = {
  /** Undefined for a model that is not on sale. */
  (model: string, wish: ShardWish): Promise<PoolShard | undefined>
  /** Starts to read what any request for the model needs, for whoever does not know yet who asks. */
  readonly begin?: (model: string) => void
}

export type ReadShardDeps = {
  readonly random: Random
  readonly nowMs: NowMs
  readonly freshMs: number
}

/** Side by side. With one alone, the keys that fall there could be more than its hosts can serve. */
const shardsRead = 2
/** With those that a request with narrow wishes looks into as well. */
const shardsReadMax = 4
/** About 16 KB each once unfolded. */
const shardsKept = 500

export function readShardFrom(
  pool: Pick<PoolStore, 'readHead' | 'readShard'>,
  { random, nowMs, freshMs }: ReadShardDeps,
): ReadShard {
  /** Of models on sale alone: names that clients make up leave nothing here. */
  const countsSeen = new Map<string, number>()

  const load = async (name: string): Promise<PoolShard | undefined> => {
    const { model, index } = fromName(name)
    const [head, stored] = await Promise.all([pool.readHead(model), pool.readShard(model, index)])
    if (!head) return undefined
    return { ...head, candidates: soldBy(head, stored ?? []) }
  }
  const kept = makeFreshCache(load, { freshMs, nowMs, entriesMax: shardsKept })

  const begin = (model: string): void => {
    const shards = countsSeen.get(model) ?? 1
    // Of more shards than are read, it goes by the conversation which those are, and so by the account.
    if (shards > shardsRead) return
    for (const index of shardsAt(0, shards, shardsRead)) {
      kept(toName(model, index)).catch(() => undefined)
    }
  }

  const read: ReadShard = async (model, { affinity, suits }) => {
    const place = affinity === undefined ? random() : placeOf(affinity)
    const indexesOf = (shards: number) => shardsAt(place, shards, shardsReadMax)
    const readAt = async (indexes: readonly number[]) =>
      joined(await Promise.all(indexes.map((index) => kept(toName(model, index)))))

    const guess = indexesOf(countsSeen.get(model) ?? 1).slice(0, shardsRead)
    const guessed = await readAt(guess)
    if (!guessed) {
      countsSeen.delete(model)
      return undefined
    }
    countsSeen.set(model, guessed.shards)
    const indexes = indexesOf(guessed.shards)
    const own = indexes.slice(0, shardsRead)
    const found = isSame(own, guess) ? guessed : await readAt(own)
    if (!found || indexes.length <= shardsRead || suits(found)) return found
    return joined([found, await readAt(indexes.slice(shardsRead))])
  }
  return Object.assign(read, { begin })
}

/** Head and shard may be of two passes: what the head's catalogue does not know has no price. */
const soldBy = ({ model }: PoolHead, candidates: readonly Candidate[]): readonly Candidate[] =>
  candidates.filter((one) => profileOf(model, one))

/**
 * Read seconds apart, or while a pass wrote them anew, neighbours may both have the node at their border:
 * it is taken once, as the newer head came with it, or it would be drawn and tried twice.
 */
function joined(shards: readonly (PoolShard | undefined)[]): PoolShard | undefined {
  const known = shards.flatMap((shard) => shard ?? [])
  const [first, ...others] = known
  if (!first || others.length === 0) return first
  const newest = others.reduce((one, other) => (isNewer(other, one) ? other : one), first)
  const taken = new Map<string, { readonly candidate: Candidate; readonly from: PoolShard }>()
  for (const from of known) {
    const isOfNewest = from.model.version === newest.model.version
    const sold = isOfNewest ? from.candidates : soldBy(newest, from.candidates)
    for (const candidate of sold) {
      const name = `${candidate.nodeId} ${candidate.profileId}`
      const before = taken.get(name)
      if (!before || isNewer(from, before.from)) taken.set(name, { candidate, from })
    }
  }
  return { ...newest, candidates: [...taken.values()].map(({ candidate }) => candidate) }
}

const isNewer = (one: PoolShard, other: PoolShard): boolean => one.builtAtMs > other.builtAtMs

const isSame = (one: readonly number[], other: readonly number[]): boolean =>
  one.length === other.length && one.every((index, at) => index === other[at])

const toName = (model: string, index: number): string => `${index} ${model}`
function fromName(name: string): { readonly model: string; readonly index: number } {
  const gap = name.indexOf(' ')
  return { model: name.slice(gap + 1), index: Number(name.slice(0, gap)) }
}
