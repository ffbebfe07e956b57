import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { placeOf } from '../../../src/adapters/dynamodb/items/fleet-keys.ts'
import { packShard, shardBytesMax } from '../../../src/adapters/dynamodb/items/pool-item.ts'
import { makePoolStore } from '../../../src/adapters/dynamodb/pool-store.ts'
import type { PricedModel } from '../../../src/catalogue/model.ts'
import type { Candidate } from '../../../src/fleet/pool.ts'
import type { PoolStore, PublicCatalogue } from '../../../src/fleet/ports.ts'
import { limits } from '../../../src/protocol/limits.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../../support/embedded-dynamodb.ts'
import { packOf, writePool } from '../../support/write-pool.ts'
import { aCandidate, aModel, nowMs } from './facts.ts'
import { withFaults } from './faults.ts'

let engine: EmbeddedDynamodb
let pool: PoolStore
beforeAll(async () => {
  engine = await startEmbeddedDynamodb()
  pool = makePoolStore(engine)
})
afterAll(() => engine.stop())

const model = (id: string): PricedModel => ({ ...aModel({ id }), version: 3 })

/** As a pass meets them. */
const inFleetOrder = (count: number): Candidate[] =>
  Array.from({ length: count }, () => aCandidate()).toSorted((one, other) =>
    placeOf(one.nodeId) < placeOf(other.nodeId) ? -1 : 1,
  )

async function storedShards(id: string): Promise<number> {
  const query = {
    TableName: engine.tables.profiles,
    KeyConditionExpression: 'pk = :pk AND begins_with(sk, :shard)',
    ExpressionAttributeValues: { ':pk': `pool#${id}`, ':shard': 'shard#' },
    Select: 'COUNT',
  } as const
  return (await engine.client.query(query)).Count ?? 0
}

describe('the pool of a model', () => {
  test('is unknown until it is written', async () => {
    expect(await pool.readHead('maker/none')).toBeUndefined()
    expect(await pool.readShard('maker/none', 0)).toBeUndefined()
    expect(await pool.findShard('maker/none', aCandidate().nodeId)).toBeUndefined()
  })

  test('is read back, head and shards, empty or not', async () => {
    await writePool(pool, model('maker/one'), [], { builtAtMs: nowMs })
    expect(await pool.readShard('maker/one', 0)).toEqual([])
    const grace = { fromMs: nowMs - 1, untilMs: nowMs + 1 }
    const head = { builtAtMs: nowMs, grace, shards: 2, excludedBy: ['route_down' as const] }
    const [one, other] = inFleetOrder(2)
    const evidence = { untilMs: nowMs, runtimeVersion: '0.1', factsDigest: 'f'.repeat(64) }
    const candidates = [one, other].flatMap((each) => (each ? [{ ...each, evidence }] : []))
    await writePool(pool, model('maker/one'), candidates, head)
    expect(await pool.readHead('maker/one')).toEqual({ model: model('maker/one'), ...head })
    expect(await pool.readShard('maker/one', 0)).toEqual(candidates.slice(0, 1))
    expect(await pool.readShard('maker/one', 1)).toEqual(candidates.slice(1))
    expect(await pool.readShard('maker/one', 2)).toBeUndefined()
  })

  test('leaves no shard behind when it shrinks', async () => {
    await writePool(pool, model('maker/two'), inFleetOrder(12), { shards: 12 })
    expect(await storedShards('maker/two')).toBe(12)
    await writePool(pool, model('maker/two'), inFleetOrder(2), { shards: 2 })
    expect(await storedShards('maker/two')).toBe(2)
  })

  test('that broke off while shrinking is made whole by the next pass', async () => {
    await writePool(pool, model('maker/three'), inFleetOrder(4), { shards: 4 })
    const broken = withFaults(engine, ({ command }) => {
      if (command === 'DeleteItem') throw new Error('the process died here')
    })
    const attempt = writePool(makePoolStore(broken), model('maker/three'), inFleetOrder(1))
    await expect(attempt).rejects.toThrow('the process died here')
    expect((await pool.readHead('maker/three'))?.shards).toBe(4)
    await writePool(pool, model('maker/three'), inFleetOrder(1))
    expect(await storedShards('maker/three')).toBe(1)
  })

  test('has at most 4096 shards', async () => {
    const write = pool.writeShard('maker/four', 4096, packOf(pool, []))
    await expect(write).rejects.toThrow('at most 4096 shards')
  })
})

describe('a shard', () => {
  /** As unlike each other as hosts can make them: nothing to pack. */
  const noisy = (index: number, urlChars: number, changes: Partial<Candidate> = {}): Candidate => {
    const noise = createHash('shake256', { outputLength: urlChars }).update(`${index}`).digest()
    return aCandidate({
      benchmarkId: createHash('sha256').update(`b${index}`).digest('hex'),
      region: `eu-west-${index % 4}`,
      reputation: Math.round(index * 3.1) / 100,
      capabilities: ['tools', 'jsonSchema', 'logprobs'],
      slots: 4 + (index % 3),
      headroom: Math.round(index * 3.3) / 100,
      routeUrl: `https://${noise.toString('base64url').slice(0, urlChars)}.example`,
      firstContentP50Ms: 100 + index / 7,
      tokensPerSecondP50: 30 + index / 11,
      evidence: {
        untilMs: nowMs + index * 977,
        runtimeVersion: '0.11.2',
        factsDigest: createHash('sha256').update(`f${index}`).digest('hex'),
      },
      ...changes,
    })
  }
  const shardOf = (count: number, urlChars: number) =>
    packShard(Array.from({ length: count }, (_, index) => noisy(index, urlChars)))

  test('of 32 ordinary hosts takes far less than 8 KB, with all that one may say of itself', () => {
    const bytes = shardOf(limits.candidatesPerShard, 24)?.body.byteLength ?? 0
    expect(bytes).toBeGreaterThan(2_000)
    expect(bytes).toBeLessThan(0.8 * shardBytesMax)
  })

  test('of 32 hosts fits also where each has registered its certificate’s key', () => {
    const withKeys = Array.from({ length: limits.candidatesPerShard }, (_, index) => {
      const key = createHash('sha256').update(`c${index}`).digest('hex')
      return noisy(index, 24, { certificateKeySha256: key })
    })
    expect(packShard(withKeys)?.body.byteLength).toBeLessThanOrEqual(shardBytesMax)
  })

  test('is not packed beyond 8 KB, nor beyond 32 candidates', () => {
    expect(shardOf(limits.candidatesPerShard, 256)).toBeUndefined()
    expect(shardOf(16, 256)?.body.byteLength).toBeLessThanOrEqual(shardBytesMax)
    expect(packShard(inFleetOrder(limits.candidatesPerShard + 1))).toBeUndefined()
  })
})

describe('a node', () => {
  test('is found in the shard where it lies, or would', async () => {
    const all = inFleetOrder(40)
    const stored = all.filter((_, index) => index % 2 === 1)
    await writePool(pool, model('maker/find'), stored, { shards: 10 })
    for (const [index, { nodeId }] of all.entries()) {
      const found = await pool.findShard('maker/find', nodeId)
      // Whoever would stand before a shard's first belongs to the shard before it.
      expect(found?.index).toBe(Math.max(0, Math.floor((index - 1) / 4)))
      const isThere = found?.candidates.some((candidate) => candidate.nodeId === nodeId)
      expect(isThere).toBe(index % 2 === 1)
    }
  })

  test('changes a shard only as it was found', async () => {
    const [first, second, third] = inFleetOrder(3)
    if (!first || !second || !third) throw new Error('three candidates')
    await writePool(pool, model('maker/race'), [first])
    const found = await pool.findShard('maker/race', first.nodeId)
    if (!found) throw new Error('a shard')
    expect(await pool.replaceShard('maker/race', found, packOf(pool, [second]))).toBe(true)
    expect(await pool.replaceShard('maker/race', found, packOf(pool, [third]))).toBe(false)
    expect(await pool.readShard('maker/race', 0)).toEqual([second])
    await writePool(pool, model('maker/race'), [third])
    expect(await pool.replaceShard('maker/race', found, packOf(pool, []))).toBe(false)
    expect(await pool.readShard('maker/race', 0)).toEqual([third])
  })

  test('leaves the beginning of its shard where it was', async () => {
    const all = inFleetOrder(4)
    const last = all[2]
    if (!last) throw new Error('four candidates')
    await writePool(pool, model('maker/begin'), all, { shards: 2 })
    const found = await pool.findShard('maker/begin', last.nodeId)
    if (!found) throw new Error('a shard')
    await pool.replaceShard('maker/begin', found, packOf(pool, all.slice(3)))
    expect((await pool.findShard('maker/begin', last.nodeId))?.index).toBe(1)
  })
})

describe('the public catalogue', () => {
  const catalogueOf = (ids: readonly string[]): PublicCatalogue => ({
    builtAtMs: nowMs,
    models: ids.map((id) => ({
      model: model(id),
      eligibleHosts: 7,
      firstContentP50Ms: 210.5,
      tokensPerSecondP50: 48.25,
      quantizations: ['q8_0'],
      variants: [
        {
          routeTier: 'network_beta',
          trustTier: 'T0',
          eligibleHosts: 7,
          firstContentMs: { p50: 210.5, p95: 400 },
          tokensPerSecond: { p50: 48.25, p5: 20 },
          capabilities: { tools: true, jsonSchema: true, logprobs: false },
          contextTokens: 8_192,
        },
      ],
    })),
  })

  test('is unknown until it is written, then read back whole', async () => {
    expect(await pool.readPublicCatalogue()).toBeUndefined()
    await pool.writePublicCatalogue(catalogueOf(['maker/a', 'maker/b']))
    await pool.writePublicCatalogue(catalogueOf(['maker/c']))
    expect(await pool.readPublicCatalogue()).toEqual(catalogueOf(['maker/c']))
  })

  test('beyond 300 KB is refused and the old one stays', async () => {
    await pool.writePublicCatalogue(catalogueOf(['maker/a']))
    const ids = Array.from({ length: 800 }, (_, index) => `maker/model-${index}`)
    await expect(pool.writePublicCatalogue(catalogueOf(ids))).rejects.toThrow('300 KB')
    expect(await pool.readPublicCatalogue()).toEqual(catalogueOf(['maker/a']))
  })
})
