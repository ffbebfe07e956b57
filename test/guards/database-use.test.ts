// What a paid request and a heartbeat use of the database: exact, because each unit is paid for at every request,
// and each round trip is waited for. The same code measures the suite `database` of `npm run bench`.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Asks, makeAsks, unasked } from '../../bench/suites/database/asks.ts'
import { measureBeat, mostRuntimes } from '../../bench/suites/database/heartbeat.ts'
import { measureAsk, measureAtHolds, unitsOf } from '../../bench/suites/database/measure.ts'
import { openShop, type Shop } from '../../bench/suites/database/shop.ts'
import { type Stand, startStand, type Use } from '../../bench/suites/database/stand.ts'

let stand: Stand
let shop: Shop
let asked: Asks
beforeAll(async () => {
  stand = await startStand()
  shop = await openShop(stand)
  asked = await makeAsks(stand, shop)
})
afterAll(async () => {
  await asked.end()
  await stand.stop()
})

const counted = (use: Use) => ({
  roundTripsToDial: use.roundTripsToDial,
  roundTrips: use.roundTrips,
  calls: use.calls.map(({ operation }) => operation).toSorted(),
  readUnits: unitsOf(use, 'read'),
  writeUnits: unitsOf(use, 'write'),
})

async function usesOf(endpoint: string, form: string) {
  const ask = asked.asks.find((one) => one.endpoint === endpoint && one.form === form)
  if (!ask) throw new Error(`nothing asks ${endpoint}, ${form}`)
  const { cold, warm } = await measureAsk(stand, ask)
  return { cold: counted(cold), warm: counted(warm) }
}

const warmCalls = ['BatchGetItem', 'PutItem', 'UpdateItem', 'UpdateItem']
const warmUse = {
  roundTripsToDial: 1,
  roundTrips: 3,
  calls: warmCalls,
  readUnits: 0.5,
  writeUnits: 5,
}
const coldUse = {
  roundTripsToDial: 2,
  roundTrips: 4,
  // Besides: the key, incidents, and head and shard of the pool.
  calls: [...warmCalls, ...Array<string>(4).fill('GetItem')].toSorted(),
  readUnits: 3,
  writeUnits: 5,
}

// A call that waits for another, a read that no longer runs beside one, or a cache that misses shows here.
describe('a paid request asks once before its host, twice with cold caches, and twice to settle', () => {
  test.each([
    { endpoint: 'POST /v1/chat/completions', form: 'streamed' },
    { endpoint: 'POST /v1/embeddings', form: '' },
  ])('$endpoint', async ({ endpoint, form }) => {
    const { cold, warm } = await usesOf(endpoint, form)
    expect(warm).toEqual(warmUse)
    expect(cold).toEqual(coldUse)
  })
})

describe('a paid chat request', () => {
  // A longer name in a hold, or one more fact in it, makes every write of a busy wallet dearer.
  test.each([
    { openHolds: 8, writeUnits: 5 },
    { openHolds: 16, writeUnits: 7 },
  ])('beside $openHolds others of its customer takes $writeUnits write units', async (at) => {
    const { use } = await measureAtHolds(stand, shop, at.openHolds)
    expect(unitsOf(use, 'write')).toBe(at.writeUnits)
  })
})

describe('a heartbeat', () => {
  // Fields that a beat stores are paid for by every node, all day long.
  test('with as many runtimes as may be, of the longest names, is one unit and fits into it', async () => {
    const { use, storedBytes } = await measureBeat(stand, mostRuntimes)
    expect(counted(use)).toEqual({
      roundTripsToDial: 2,
      roundTrips: 2,
      calls: ['Query', 'UpdateItem'],
      readUnits: 1,
      writeUnits: 1,
    })
    expect(storedBytes).toBeLessThanOrEqual(1_024)
  })
})

test('every endpoint of the gateway is measured', () => {
  expect(unasked(asked.asks)).toEqual([])
})
