import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import * as z from 'zod'
import type { Database } from '../../../src/adapters/dynamodb/client.ts'
import { makeHoldStore } from '../../../src/adapters/dynamodb/hold-store.ts'
import { finishHold } from '../../../src/ledger/finish.ts'
import type { HoldStore, Reservation } from '../../../src/ledger/ports.ts'
import { type Reserved, reserve } from '../../../src/ledger/reserve.ts'
import { limits } from '../../../src/protocol/limits.ts'
import { charging, type Ledger, openLedger } from '../../ledger/open-ledger.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../../support/embedded-dynamodb.ts'

let engine: EmbeddedDynamodb
let ledger: Ledger
beforeAll(async () => {
  engine = await startEmbeddedDynamodb()
})
beforeEach(async () => {
  ledger = await openLedger(engine)
})
afterAll(() => engine.stop())

/** Gateway processes, each with a client of its own. */
const gateways = (count = 8): HoldStore[] =>
  Array.from({ length: count }, () => makeHoldStore(ledger.connect()))

/** Everyone tries at once, spread over the gateways; beside them the wallet is read, and sound. */
async function race(orders: readonly Reservation[]): Promise<Reserved[]> {
  const stores = gateways()
  const tries = orders.map((order, index) => {
    const store = stores[index % stores.length] ?? ledger.holds
    return reserve({ ...ledger.reserving, store }, order)
  })
  const [accountId] = new Set(orders.map((order) => order.accountId))
  const looks = Array.from({ length: 20 }, () => ledger.sweeps.readWallet(accountId ?? ''))
  const seen = await Promise.all(looks)
  expect(seen.every((wallet) => wallet && wallet.available >= 0n)).toBe(true)
  return Promise.all(tries)
}

const heldIn = (outcomes: readonly Reserved[]) =>
  outcomes.filter(({ kind }) => kind === 'held').length
const refusalsIn = (outcomes: readonly Reserved[]) =>
  new Set(outcomes.flatMap((one) => (one.kind === 'refused' ? [one.refusal.kind] : [])))

const forty = (accountId: string, caps: Parameters<Ledger['reservation']>[2] = {}) =>
  Array.from({ length: 40 }, () => ledger.reservation(accountId, 100n, caps))

describe('one customer on eight gateways at once', () => {
  test('gets as many holds as the balance covers, and not one more', async () => {
    const accountId = await ledger.customer(1_399n)
    const outcomes = await race(forty(accountId))
    expect(heldIn(outcomes)).toBe(13)
    expect(refusalsIn(outcomes)).toEqual(new Set(['balance']))
    expect(await ledger.books(accountId)).toEqual({ available: 99n, held: 1_300n, spent: 0n })
  })

  test('spends the last nano-USD once', async () => {
    const accountId = await ledger.customer(100n)
    expect(heldIn(await race(forty(accountId)))).toBe(1)
    expect(await ledger.books(accountId)).toEqual({ available: 0n, held: 100n, spent: 0n })
  })

  test.each([
    ['a day', { spendPerDay: 750n }, 'sd#1#20261121'],
    ['a month', { spendPerMonth: 750n }, 'sm#1#202611'],
  ])("never passes the key's spend cap of %s", async (_, caps, counter) => {
    const accountId = await ledger.customer(1_000_000n)
    const outcomes = await race(forty(accountId, caps))
    expect(heldIn(outcomes)).toBe(7)
    expect(refusalsIn(outcomes)).toEqual(new Set(['counter']))
    expect(await ledger.counters(accountId)).toEqual({ [counter]: 700n })
    expect(await ledger.books(accountId)).toMatchObject({ held: 700n })
  })

  test("never passes the key's requests per minute", async () => {
    const accountId = await ledger.customer(1_000_000n)
    expect(heldIn(await race(forty(accountId, { requestsPerMinute: 11 })))).toBe(11)
    expect(await ledger.counters(accountId)).toEqual({ 'rm#1#202611210510': 11n })
  })

  test('never has more holds open than a wallet may have', async () => {
    const accountId = await ledger.customer(1_000_000n)
    const outcomes = await race([...forty(accountId), ...forty(accountId)])
    expect(heldIn(outcomes)).toBe(limits.openHolds)
    expect(refusalsIn(outcomes)).toEqual(new Set(['open_holds']))
  })

  test('takes nothing from another customer', async () => {
    const [one, other] = [await ledger.customer(500n), await ledger.customer(700n)]
    const [ofOne, ofOther] = await Promise.all([race(forty(one)), race(forty(other))])
    expect([heldIn(ofOne), heldIn(ofOther)]).toEqual([5, 7])
    expect(await ledger.books(one)).toMatchObject({ available: 0n, held: 500n })
    expect(await ledger.books(other)).toMatchObject({ available: 0n, held: 700n })
  })

  test('is held once when every gateway sends the same reservation', async () => {
    const accountId = await ledger.customer(1_000n)
    const order = ledger.reservation(accountId, 100n)
    expect(heldIn(await race(Array(40).fill(order)))).toBe(40)
    expect(await ledger.books(accountId)).toMatchObject({ available: 900n, held: 100n })
  })

  test('pays what was charged and stays within cap and balance, whatever the charges', async () => {
    const charge = fc.bigInt({ min: 0n, max: 100n })
    const requests = fc.array(charge, { minLength: 20, maxLength: 30 })
    await fc.assert(
      fc.asyncProperty(requests, async (charges) => {
        const accountId = await ledger.customer(1_000n)
        const caps = { spendPerDay: 900n }
        const stores = gateways(4)
        const paid = await Promise.all(
          charges.map(async (cost, index) => {
            const store = stores[index % stores.length] ?? ledger.holds
            const order = ledger.reservation(accountId, 100n, caps)
            const held = await reserve({ ...ledger.reserving, store }, order)
            const between = await ledger.counters(accountId)
            expect((between['sd#1#20261121'] ?? 0n) <= 900n).toBe(true)
            if (held.kind !== 'held') return 0n
            await finishHold({ ...ledger.finishing, store }, order.hold, charging(order, cost))
            return cost
          }),
        )
        const spent = paid.reduce((sum, cost) => sum + cost, 0n)
        expect(await ledger.books(accountId)).toEqual({
          available: 1_000n - spent,
          held: 0n,
          spent,
        })
        expect(await ledger.counters(accountId)).toEqual({ 'sd#1#20261121': spent })
      }),
      { numRuns: 6 },
    )
  })
})

/** A client each of whose commands is carried out before its first reply is lost. */
function withLostReplies(database: Database): Database {
  let isFirst = true
  database.client.middlewareStack.add(
    (next) => async (args) => {
      const reply = await next(args).catch((error: unknown) => ({ error }))
      if (isFirst) {
        isFirst = false
        throw Object.assign(new Error('socket hang up'), { name: 'TimeoutError' })
      }
      if ('error' in reply) throw reply.error
      return reply
    },
    { step: 'deserialize', priority: 'high', name: 'loseReply' },
  )
  return database
}

describe('a write that the SDK repeats by itself after a lost reply', () => {
  const lossy = () => makeHoldStore(withLostReplies(ledger.connect()))

  test('of a hold shows the wallet with that hold, and is held', async () => {
    const accountId = await ledger.customer(100n)
    const order = ledger.reservation(accountId, 100n, { requestsPerMinute: 1 })
    const outcome = await lossy().reserve(order)
    expect(outcome).toMatchObject({ kind: 'refused' })
    expect(outcome.kind === 'refused' && outcome.wallet?.holds.get(order.holdId)).toEqual(
      order.hold,
    )
    const another = ledger.reservation(await ledger.customer(100n), 100n)
    const deps = { ...ledger.reserving, store: lossy() }
    expect(await reserve(deps, another)).toEqual({ kind: 'held' })
    expect(await ledger.books(accountId)).toMatchObject({ available: 0n, held: 100n })
  })

  test('of a decision finds that decision', async () => {
    const decision = charging(ledger.reservation(await ledger.customer(100n), 100n), 40n)
    expect(await lossy().decide(decision)).toEqual({ kind: 'decided_before', decision })
  })

  test('of a settlement finds it applied, once', async () => {
    const order = ledger.reservation(await ledger.customer(100n), 100n)
    await ledger.holds.reserve(order)
    await ledger.holds.decide(charging(order, 40n))
    const settlement = { ...order, charge: 40n, spendCounters: [] }
    expect(await lossy().settle(settlement)).toEqual({ kind: 'applied_before' })
    expect(await ledger.books(order.accountId)).toEqual({ available: 60n, held: 0n, spent: 40n })
  })
})

describe('a database that cannot be reached', () => {
  test('leaves every write unknown, and none refused', async () => {
    const database = ledger.connect()
    database.client.middlewareStack.add(
      () => () => Promise.reject(new Error('connect ECONNREFUSED')),
      { step: 'deserialize', name: 'unreachable' },
    )
    const store = makeHoldStore(database)
    const order = ledger.reservation(await ledger.customer(100n), 100n)
    expect(await store.reserve(order)).toEqual({ kind: 'unknown' })
    expect(await store.decide(charging(order, 40n))).toEqual({ kind: 'unknown' })
    const settlement = { ...order, charge: 40n, spendCounters: [] }
    expect(await store.settle(settlement)).toEqual({ kind: 'unknown' })
  })

  test('is told from a bug of ours, which throws', async () => {
    const store = makeHoldStore({
      ...ledger.database,
      tables: { ...ledger.database.tables, balances: 'no-such-table' },
    })
    const order = ledger.reservation(await ledger.customer(100n), 100n)
    await expect(store.reserve(order)).rejects.toThrow()
  })
})

const Consumed = z.object({
  output: z.object({ ConsumedCapacity: z.object({ CapacityUnits: z.number() }) }),
})

/** What each write costs, in the engine's own count: the item by its KB and every index it is in. */
function measured() {
  const database = ledger.connect()
  let units = 0
  database.client.middlewareStack.add(
    (next) => async (args) => {
      const reply = await next({
        ...args,
        input: { ...args.input, ReturnConsumedCapacity: 'INDEXES' },
      })
      units = Consumed.parse(reply).output.ConsumedCapacity.CapacityUnits
      return reply
    },
    { step: 'initialize', name: 'measureCapacity' },
  )
  const store = makeHoldStore(database)
  return {
    store,
    unitsOf: async (write: Promise<unknown>): Promise<number> => {
      await write
      return units
    },
  }
}

describe('the write units of a paid request', () => {
  const caps = { spendPerDay: 10n ** 12n, spendPerMonth: 10n ** 13n, requestsPerMinute: 600 }
  /** Amounts of ten digits: a few dollars. */
  const holdAmount = 1_234_567_890n

  async function paidRequest(openHolds: number, isIndexed: boolean) {
    const accountId = await ledger.customer(10n ** 12n)
    const order = () => ledger.reservation(accountId, holdAmount, caps)
    const close = async (closing: Reservation) => {
      await ledger.holds.settle({ ...closing, charge: 0n, spendCounters: [] })
    }
    if (isIndexed) {
      const earlier = order()
      await ledger.holds.reserve(earlier)
      await close(earlier)
    }
    for (let open = 1; open < openHolds; open += 1) await ledger.holds.reserve(order())
    const { store, unitsOf } = measured()
    const request = order()
    const decision = charging(request, 12_345n)
    const counters = request.charges.slice(0, 2).map(({ name }) => name)
    const settlement = { ...request, charge: decision.charge, spendCounters: counters }
    const units = {
      reserve: await unitsOf(store.reserve(request)),
      decide: await unitsOf(store.decide(decision)),
      settle: await unitsOf(store.settle(settlement)),
    }
    const all = units.reserve + units.decide + units.settle
    const index = isIndexed ? 'in the index' : 'not yet in the index'
    console.info(`write units, ${openHolds} open, ${index}: ${JSON.stringify({ ...units, all })}`)
    expect((await ledger.sweeps.readWallet(accountId))?.holds.size).toBe(openHolds - 1)
    return all
  }

  test.each([
    [1, 6],
    [8, 6],
    [16, 8],
  ])('with %i open holds are at most %i', async (openHolds, most) => {
    expect(await paidRequest(openHolds, true)).toBeLessThanOrEqual(most)
  })

  test('are one more for the request that brings its wallet into the index', async () => {
    const usual = await paidRequest(1, true)
    expect(await paidRequest(1, false)).toBe(usual + 1)
  })
})
