import { describe, expect, test } from 'vitest'
import type { Candidate, PoolHead } from '../../src/fleet/pool.ts'
import { readShardFrom, type ShardWish } from '../../src/gateway/read-shard.ts'
import { sha256Hex } from '../../src/protocol/canonical.ts'
import { placeOf, shardsAt } from '../../src/routing/affinity.ts'
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

const freshMs = 5_000

/** Reads at the times that `clock` tells, and tells the shards by their candidates' milliseconds. */
function reading({ pool }: ReturnType<typeof poolOf>, random = () => 0) {
  const clock = { nowMs: 0 }
  const read = readShardFrom(pool, { random, freshMs, nowMs: () => clock.nowMs })
  const ask = async (wish: Partial<ShardWish> = {}) => {
    const shard = await read('maker/model', { affinity: undefined, suits: () => true, ...wish })
    return shard?.candidates.map(({ firstContentP50Ms }) => firstContentP50Ms)
  }
  return Object.assign(ask, { clock, begin: (model: string) => read.begin?.(model) })
}

const shardsOf = (key: string, shards: number, count: number) =>
  shardsAt(placeOf(key), shards, count)

const keys = Array.from({ length: 40 }, (_, index) => sha256Hex(`conversation ${index}`))
const [someKey = ''] = keys

describe('a read that begins before it is known who asks', () => {
  test.each([
    { shards: 1, reads: [0] },
    { shards: 2, reads: [0, 1] },
  ])('is the whole of a pool of $shards, once', async ({ shards, reads }) => {
    const one = poolOf(shards)
    const ask = reading(one)
    await ask()
    ask.clock.nowMs = freshMs
    one.reads.length = 0
    ask.begin('maker/model')
    expect(one.reads).toEqual(reads)
    expect(await ask({ affinity: someKey })).toHaveLength(shards)
    expect(one.reads).toEqual(reads)
  })

  test('takes a model that it has not met to have one shard', async () => {
    const one = poolOf(1)
    const ask = reading(one)
    ask.begin('maker/model')
    expect(await ask()).toEqual([0])
    expect(one.reads).toEqual([0])
  })

  test('is none of a larger pool: which of its shards are needed goes by the account', async () => {
    const one = poolOf(3)
    const ask = reading(one)
    await ask()
    ask.clock.nowMs = freshMs
    one.reads.length = 0
    ask.begin('maker/model')
    expect(one.reads).toEqual([])
  })
})

describe('a model', () => {
  test('without a pool is not on sale', async () => {
    const one = poolOf(1)
    one.resize(0)
    expect(await reading(one)()).toBeUndefined()
  })

  test('of one shard takes one round trip: head and shard beside each other', async () => {
    const one = poolOf(1)
    const read = reading(one)
    expect(await read({ affinity: someKey })).toEqual([0])
    expect(await read({ affinity: keys[1] })).toEqual([0])
    expect(one.reads).toEqual([0])
  })

  test.each([
    [0, [0, 1]],
    [0.24, [0, 1]],
    [0.25, [1, 2]],
    [0.999, [3, 0]],
  ])('of four is read where the die falls: %d → shards %j', async (die, indexes) => {
    expect(await reading(poolOf(4), () => die)()).toEqual(indexes)
  })

  test('of four is read where the conversation’s key says, by every process alike', async () => {
    for (const affinity of keys) {
      const [one, other] = [reading(poolOf(4), () => 0.1), reading(poolOf(4), () => 0.9)]
      expect(await one({ affinity })).toEqual(shardsOf(affinity, 4, 2))
      expect(await other({ affinity })).toEqual(await one({ affinity }))
    }
  })

  test('that this process has met takes one round trip from then on', async () => {
    const four = poolOf(4)
    const read = reading(four)
    await read()
    read.clock.nowMs = freshMs
    four.reads.splice(0)
    await read({ affinity: someKey })
    expect(four.reads).toEqual(shardsOf(someKey, 4, 2))
  })

  test('takes none while what was read is fresh', async () => {
    const four = poolOf(4)
    const read = reading(four)
    for (const affinity of keys) await read({ affinity })
    expect(four.reads.toSorted()).toEqual([0, 1, 2, 3])
    read.clock.nowMs = freshMs - 1
    for (const affinity of keys) await read({ affinity })
    expect(four.reads).toHaveLength(4)
    read.clock.nowMs = freshMs
    await read({ affinity: someKey })
    expect(four.reads).toHaveLength(6)
  })

  test('whose shard went between two reads still has another', async () => {
    const four = poolOf(4)
    const [first = 0, second = 0] = shardsOf(someKey, 4, 2)
    four.gone.add(first)
    expect(await reading(four)({ affinity: someKey })).toEqual([second])
  })

  test('that shrank, or left, is read as it is now', async () => {
    const four = poolOf(4)
    const read = reading(four, () => 0.9)
    await read()
    four.resize(1)
    read.clock.nowMs = freshMs
    expect(await read()).toEqual([0])
    four.resize(0)
    read.clock.nowMs = 2 * freshMs
    expect(await read()).toBeUndefined()
  })

  test('that grew is read at the places where its conversations are now', async () => {
    const nine = poolOf(9)
    const read = reading(nine)
    await read()
    nine.resize(10)
    read.clock.nowMs = freshMs
    for (const affinity of keys) expect(await read({ affinity })).toEqual(shardsOf(affinity, 10, 2))
  })
})

describe('two shards that were read apart', () => {
  const nodeId = 'moved'
  const other = { profileId: 'maker/model@q4', artifactDigest: `sha256:${'b'.repeat(64)}` }
  const twoBuilds = {
    ...model,
    profiles: model.profiles.flatMap((build) => [
      build,
      {
        ...build,
        profile_id: other.profileId,
        artifact: { ...build.artifact, digest: other.artifactDigest },
      },
    ]),
  }

  type Reading = Partial<PoolHead> & { readonly has: readonly Partial<Candidate>[] }

  /** Each with the head that came with it. */
  function readOf(readings: readonly [Reading, Reading]) {
    const heads = readings.map(({ has: _, ...head }) => head)
    const pool = {
      readHead: async (): Promise<PoolHead> => {
        const head = { model: twoBuilds, builtAtMs: 0, excludedBy: [] }
        return { ...head, ...heads.shift(), shards: 2 }
      },
      readShard: async (_: string, index: number) => readings[index]?.has.map(aCandidate),
    }
    const read = readShardFrom(pool, { random: () => 0, nowMs: () => 0, freshMs })
    return read('maker/model', { affinity: undefined, suits: () => true })
  }

  test.each([
    ['first', [7, 5], 1],
    ['second', [5, 7], 2],
  ] as const)(
    'have a node that moved between them once, as the newer %s one tells',
    async (_, built, epoch) => {
      const shard = await readOf([
        { builtAtMs: built[0], has: [{ nodeId, routeEpoch: 1 }] },
        { builtAtMs: built[1], has: [{ nodeId, routeEpoch: 2 }] },
      ])
      expect(shard?.candidates).toMatchObject([{ nodeId, routeEpoch: epoch }])
      expect(shard?.builtAtMs).toBe(7)
    },
  )

  test('have it once also where nothing tells which is newer', async () => {
    const shard = await readOf([{ has: [{ nodeId }] }, { has: [{ nodeId }] }])
    expect(shard?.candidates).toHaveLength(1)
  })

  test('have each of its profiles', async () => {
    const shard = await readOf([{ has: [{ nodeId }, { nodeId, ...other }] }, { has: [{ nodeId }] }])
    const profileIds = twoBuilds.profiles.map(({ profile_id }) => profile_id)
    expect(shard?.candidates.map(({ profileId }) => profileId)).toEqual(profileIds)
  })

  test('have no build that left the catalogue between them', async () => {
    const shard = await readOf([
      { has: [other] },
      { builtAtMs: 7, model: { ...model, version: 2 }, has: [{ nodeId }] },
    ])
    expect(shard?.candidates).toMatchObject([{ nodeId }])
  })
})

describe('a request with narrow wishes', () => {
  test('is shown two further shards, in one more round trip', async () => {
    const nine = poolOf(9)
    const read = reading(nine)
    await read({ affinity: someKey })
    read.clock.nowMs = freshMs
    nine.reads.splice(0)
    const seen = await read({ affinity: someKey, suits: () => false })
    expect(seen).toEqual(shardsOf(someKey, 9, 4))
    expect(nine.reads).toEqual(seen)
  })

  test('is shown all there is of a small pool', async () => {
    const three = poolOf(3)
    expect(await reading(three)({ affinity: someKey, suits: () => false })).toHaveLength(3)
  })

  test('is asked about what was found, and nothing where that is all', async () => {
    const counts: number[] = []
    const suits: ShardWish['suits'] = ({ candidates }) => counts.push(candidates.length) > 0
    await reading(poolOf(9))({ affinity: someKey, suits })
    await reading(poolOf(2))({ affinity: someKey, suits })
    expect(counts).toEqual([2])
  })
})

test('at most 500 shards are kept, the oldest make room', async () => {
  const one = poolOf(1)
  const read = readShardFrom(one.pool, { random: () => 0, freshMs, nowMs: () => 0 })
  const ask = (name: number) => read(`model ${name}`, { affinity: undefined, suits: () => true })
  for (let name = 0; name < 501; name += 1) await ask(name)
  await ask(500)
  expect(one.reads).toHaveLength(501)
  await ask(0)
  expect(one.reads).toHaveLength(502)
})

test.each<[string, Partial<Candidate>, number]>([
  ['of an approved build is sold', {}, 1],
  ['of a build that the head’s catalogue does not know is not', { profileId: 'maker/model@q2' }, 0],
  ['of another file under a known name is not', { artifactDigest: `${digest.slice(0, -1)}b` }, 0],
])('a candidate %s', async (_, candidate, sold) => {
  expect(await reading(poolOf(1, { candidate }))()).toHaveLength(sold)
})
