// What a beat costs the database: the largest write load of all.
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Database } from '../../src/adapters/dynamodb/client.ts'
import { makeFleetStore } from '../../src/adapters/dynamodb/fleet-store.ts'
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts'
import { metered, type Spent } from '../support/metered-database.ts'
import { approvedHost } from '../support/test-host.ts'

let plane: ControlPlane
let database: Database
/** One for each call. */
let spent: Spent[] = []
beforeAll(async () => {
  plane = await startControlPlane()
})
beforeEach(() => {
  const meter = metered(plane)
  database = meter.database
  spent = meter.spent
})
afterAll(() => plane.stop())

const longest = (index: number) => ({
  id: `runtime-${index}`.padEnd(32, 'x'),
  kind: 'llamacpp',
  version: '☂'.repeat(32),
  reachable: false,
  loaded: [],
  queue: {
    source: 'runtime',
    running: 0,
    waiting: 0,
    capacity: 1,
    health: 'unhealthy',
    reason: null,
  },
})

describe('a beat', () => {
  test('is one query and one write of one unit, with eight runtimes and after a restart', async () => {
    const host = await approvedHost(plane)
    const runtimes = Array.from({ length: 8 }, (_, index) => longest(index))
    const app = plane.ingestOf({ fleet: makeFleetStore(database) })
    const beat = { runtimes, state: 'paused_by_owner' }
    expect((await host.beat(beat, { app })).status).toBe(200)
    plane.passMs(15_000)
    await host.beat({ ...beat, boot_id: randomUUID() }, { app })
    spent.length = 0
    plane.passMs(90_000)
    expect((await host.beat({ ...beat, boot_id: randomUUID() }, { app })).status).toBe(200)
    expect(spent.filter(({ operation }) => operation !== 'GetItem')).toEqual([
      { operation: 'Query', units: 1 },
      { operation: 'UpdateItem', units: 1 },
    ])
  })

  test('of many hosts at once reads the state of the fleet once in five seconds', async () => {
    const hosts = [await approvedHost(plane), await approvedHost(plane), await approvedHost(plane)]
    const app = plane.ingestOf({ fleet: makeFleetStore(database) })
    for (const host of hosts) await host.beat({}, { app })
    const gets = () => spent.filter(({ operation }) => operation === 'GetItem').length
    expect(gets()).toBe(1)
    plane.passMs(5_000)
    for (const host of hosts) await host.beat({}, { app })
    expect(gets()).toBe(2)
  })
})

describe('the fleet’s size', () => {
  test('sets the pace of its beats, some seconds after it was counted', async () => {
    const host = await approvedHost(plane)
    expect((await host.beat()).body).toMatchObject({ next_in_ms: 15_000 })
    await plane.fleet.writeActiveNodes(5_000)
    plane.passMs(5_000)
    expect((await host.beat()).body).toMatchObject({ next_in_ms: 25_000, ttl_ms: 60_000 })
    await plane.fleet.writeActiveNodes(0)
    plane.passMs(5_000)
  })
})
