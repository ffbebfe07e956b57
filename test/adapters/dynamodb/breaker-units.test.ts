// What breakers cost in write units, in the engine's own count. Refused writes are paid for as well.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeBreakerStore } from '../../../src/adapters/dynamodb/breaker-store.ts'
import type { Database } from '../../../src/adapters/dynamodb/client.ts'
import { makeFleetStore } from '../../../src/adapters/dynamodb/fleet-store.ts'
import { ids } from '../../../src/adapters/system.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../../support/embedded-dynamodb.ts'
import { metered, unitsOf } from '../../support/metered-database.ts'
import { aBeat, aNode, aQueue, nowMs } from './facts.ts'

let engine: EmbeddedDynamodb
beforeAll(async () => {
  engine = await startEmbeddedDynamodb()
})
afterAll(() => engine.stop())

/** Another client of the same tables that adds up the write units of its updates. */
function metering(): { readonly database: Database; readonly spent: () => number } {
  const { database, spent } = metered(engine)
  return {
    database,
    spent: () => {
      const updates = spent.splice(0).filter(({ operation }) => operation === 'UpdateItem')
      return unitsOf(updates)
    },
  }
}

const queues = { 'vllm-0': aQueue(), 'ollama-1': aQueue({ kind: 'ollama', version: '0.12.10' }) }

async function failing() {
  const { database, spent } = metering()
  const fleet = makeFleetStore(database)
  const breakers = makeBreakerStore(database, { ids })
  const { nodeId } = aNode()
  let seq = nowMs
  const beat = () => {
    seq += 1
    return fleet.recordBeat(aBeat(nodeId, { seq, queues }))
  }
  await beat()
  spent()
  return { breakers, at: { nodeId, profileId: 'qwen/qwen3-30b-a3b@q4_k_m' }, beat, spent }
}

const freeMs = nowMs + 30_000

describe('a failure', () => {
  test('is one write unit: it begins a window, is counted, or opens the breaker', async () => {
    const { breakers, at, spent } = await failing()
    const each: number[] = []
    for (const atMs of [nowMs, nowMs, nowMs, nowMs, nowMs, freeMs]) {
      await breakers.countFailure(at, atMs)
      each.push(spent())
    }
    expect(each).toEqual([1, 1, 1, 1, 1, 1])
  })

  test('is none while the breaker is open', async () => {
    const { breakers, at, spent } = await failing()
    for (let time = 0; time < 5; time += 1) await breakers.countFailure(at, nowMs)
    spent()
    await breakers.countFailure(at, nowMs + 1)
    expect(spent()).toBe(0)
  })

  test('is at most two among those of two gateways at once', async () => {
    const { breakers, at, spent } = await failing()
    for (let round = 0; round < 5; round += 1) {
      await Promise.all([breakers.countFailure(at, nowMs), breakers.countFailure(at, nowMs)])
      expect(spent()).toBeLessThanOrEqual(4)
    }
  })
})

test('a trial that is served is two write units: taken and closed', async () => {
  const { breakers, at, spent } = await failing()
  for (let time = 0; time < 5; time += 1) await breakers.countFailure(at, nowMs)
  spent()
  await breakers.close(at, (await breakers.takeTrial(at, freeMs)) ?? '')
  expect(spent()).toBe(2)
})

describe('a beat of a node with two runtimes', () => {
  test.each([
    [0, 1],
    [2, 1],
    [8, 2],
  ])('with %i breakers on its hot item is %i write units', async (count, units) => {
    const { breakers, at, beat, spent } = await failing()
    for (let index = 0; index < count; index += 1) {
      const profile = { ...at, profileId: `${at.profileId}-${index}` }
      // The longest that a breaker gets: the fifth failure forgets by whom it was counted.
      for (let time = 0; time < 4; time += 1) await breakers.countFailure(profile, nowMs)
    }
    spent()
    await beat()
    expect(spent()).toBe(units)
  })
})
