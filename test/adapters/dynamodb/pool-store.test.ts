import { QueryCommand } from '@aws-sdk/lib-dynamodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makePoolStore } from '../../../src/adapters/dynamodb/pool-store.ts'
import type { PricedModel } from '../../../src/catalogue/model.ts'
import { type PoolShard, toShards } from '../../../src/fleet/pool.ts'
import type { PoolStore, PublicCatalogue } from '../../../src/fleet/ports.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../../support/embedded-dynamodb.ts'
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

function shardsOf(id: string, candidates: number): PoolShard[] {
  const all = Array.from({ length: candidates }, () => aCandidate())
  return toShards(
    model(id),
    { candidates: all, excludedBy: ['route_down'] },
    { nowMs, grace: undefined },
  )
}

async function storedShards(id: string): Promise<number> {
  const query = new QueryCommand({
    TableName: engine.tables.profiles,
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': `pool#${id}` },
    Select: 'COUNT',
  })
  return (await engine.client.send(query)).Count ?? 0
}

describe('the pool of a model', () => {
  test('is unknown until it is written', async () => {
    expect(await pool.readShard('maker/none', 0)).toBeUndefined()
  })

  test('is read back shard by shard, empty or not', async () => {
    for (const shards of [shardsOf('maker/one', 0), shardsOf('maker/one', 65)]) {
      await pool.writeShards('maker/one', shards)
      for (const [index, shard] of shards.entries()) {
        expect(await pool.readShard('maker/one', index)).toEqual(shard)
      }
      expect(await pool.readShard('maker/one', shards.length)).toBeUndefined()
    }
  })

  test('leaves no shard behind when it shrinks', async () => {
    await pool.writeShards('maker/two', shardsOf('maker/two', 12 * 32))
    expect(await storedShards('maker/two')).toBe(12)
    await pool.writeShards('maker/two', shardsOf('maker/two', 40))
    expect(await storedShards('maker/two')).toBe(2)
  })

  test('that broke off while shrinking is made whole by the next pass', async () => {
    await pool.writeShards('maker/three', shardsOf('maker/three', 100))
    const broken = withFaults(engine, ({ command }) => {
      if (command === 'DeleteItemCommand') throw new Error('the process died here')
    })
    const fewer = shardsOf('maker/three', 10)
    const attempt = makePoolStore(broken).writeShards('maker/three', fewer)
    await expect(attempt).rejects.toThrow('the process died here')
    expect((await pool.readShard('maker/three', 0))?.shards).toBe(4)
    await pool.writeShards('maker/three', fewer)
    expect(await storedShards('maker/three')).toBe(1)
  })

  test('takes no shards that disagree about their model or their number', async () => {
    const shards = shardsOf('maker/four', 40)
    await expect(pool.writeShards('maker/four', shards.slice(1))).rejects.toThrow('how many')
    await expect(pool.writeShards('maker/five', shards)).rejects.toThrow('knows its model')
    await expect(pool.writeShards('maker/four', [])).rejects.toThrow('1 to 4096 shards')
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
