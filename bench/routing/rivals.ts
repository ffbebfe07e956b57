/**
 * Ways to choose. Each sees the pool as it was published and nothing else, and names at most three hosts
 * in order. The others are shown the whole pool; ours reads two shards, or four where those have little
 * room, as the gateway does.
 */
import type { Candidate } from '../../src/fleet/pool.ts'
import { limits } from '../../src/protocol/limits.ts'
import { type AffinityKey, placeOf, pullOf, shardsAt } from '../../src/routing/affinity.ts'
import { choose } from '../../src/routing/choose.ts'
import { haveRoomFor } from '../../src/routing/headroom.ts'
import { openPolicy } from '../../src/routing/policy.ts'
import type { Stream } from '../../test/sim/engine/random.ts'
import { modelOnSale } from '../../test/support/model-on-sale.ts'

export type Pool = {
  readonly all: readonly Candidate[]
  readonly shards: readonly (readonly Candidate[])[]
}

/** One per gateway: what it remembers, no other knows. */
export type Rival = (pool: Pool, affinity: AffinityKey | undefined) => readonly Candidate[]

/** As `src/gateway/read-shard.ts` has it. */
const shardsRead = 2
const shardsReadMax = 4
const tries = limits.candidatesPerRequest
const model = { ...modelOnSale('maker/model'), version: 1 }

function ours(stream: Stream): Rival {
  return ({ shards }, affinity) => {
    const place = affinity === undefined ? stream.unit() : placeOf(affinity)
    const seen = (count: number) =>
      shardsAt(place, shards.length, count).flatMap((index) => shards[index] ?? [])
    const own = seen(shardsRead)
    const pool = haveRoomFor(own, stream.unit) ? own : seen(shardsReadMax)
    return choose(model, pool, openPolicy, { affinity, random: stream.unit }).candidates
  }
}

/** Ours but for the affinity: it tells what that alone is worth. */
function drawn(stream: Stream): Rival {
  return ({ all }) =>
    choose(model, all, openPolicy, { affinity: undefined, random: stream.unit }).candidates
}

function random(stream: Stream): Rival {
  return ({ all }) => {
    const indexes = new Set<number>()
    while (indexes.size < Math.min(tries, all.length)) indexes.add(stream.below(all.length))
    return [...indexes].flatMap((index) => all[index] ?? [])
  }
}

function roundRobin(stream: Stream): Rival {
  let at = stream.below(1_000)
  return ({ all }) => {
    at += 1
    return Array.from({ length: tries }, (_, step) => all[(at + step) % all.length]).flatMap(
      (one) => one ?? [],
    )
  }
}

function leastLoaded(stream: Stream): Rival {
  return ({ all }) =>
    all
      .map((one) => ({ one, load: 1 - (one.headroom ?? 0), tie: stream.unit() }))
      .sort((one, other) => one.load - other.load || one.tie - other.tie)
      .slice(0, tries)
      .map(({ one }) => one)
}

function affinityAlone(stream: Stream): Rival {
  const fallback = random(stream)
  return (pool, affinity) =>
    affinity === undefined
      ? fallback(pool, affinity)
      : pool.all
          .map((one) => ({ one, pull: pullOf(affinity, one.nodeId, 1) }))
          .sort((one, other) => other.pull - one.pull)
          .slice(0, tries)
          .map(({ one }) => one)
}

export const rivals = {
  B3IQ: ours,
  'no affinity': drawn,
  random: random,
  'round-robin': roundRobin,
  'least-loaded': leastLoaded,
  'affinity alone': affinityAlone,
} as const
export type RivalName = keyof typeof rivals
