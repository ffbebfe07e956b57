import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { makeHoldStore } from '../../../src/adapters/dynamodb/hold-store.ts'
import { finishHold } from '../../../src/ledger/finish.ts'
import type { HoldStore, Reservation } from '../../../src/ledger/ports.ts'
import { type Reserved, reserve } from '../../../src/ledger/reserve.ts'
import { limits } from '../../../src/protocol/limits.ts'
import {
  billedTokens,
  charging,
  type Ledger,
  type Limits,
  openLedger,
} from '../../ledger/open-ledger.ts'
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

const forty = (accountId: string, caps: Limits = {}) =>
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

  test("never passes the key's tokens per minute", async () => {
    const accountId = await ledger.customer(1_000_000n)
    const outcomes = await race(forty(accountId, { tokensPerMinute: 7_500, tokens: 1_000 }))
    expect(heldIn(outcomes)).toBe(7)
    expect(refusalsIn(outcomes)).toEqual(new Set(['counter']))
    expect(await ledger.counters(accountId)).toEqual({ 'tm#1#202611210510': 7_000n })
  })

  test('never runs more requests of a key at a time than it may', async () => {
    const accountId = await ledger.customer(1_000_000n)
    expect(heldIn(await race(forty(accountId, { concurrency: 5 })))).toBe(5)
    expect(await ledger.counters(accountId)).toEqual({ 'cc#1': 5n })
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

  test('is held once when every gateway sends the same hold id', async () => {
    const accountId = await ledger.customer(1_000n)
    const order = ledger.reservation(accountId, 100n)
    const outcomes = await race(Array(40).fill(order))
    expect(heldIn(outcomes)).toBe(1)
    expect(refusalsIn(outcomes)).toEqual(new Set(['duplicate']))
    expect(await ledger.books(accountId)).toMatchObject({ available: 900n, held: 100n })
  })

  test('pays what was charged and stays within caps and balance, whatever the charges', async () => {
    const charge = fc.bigInt({ min: 0n, max: 100n })
    const requests = fc.array(charge, { minLength: 20, maxLength: 30 })
    const caps = { spendPerDay: 900n, tokensPerMinute: 5_000, concurrency: 6, tokens: 700 }
    const atMost = { 'sd#1#20261121': 900n, 'tm#1#202611210510': 5_000n, 'cc#1': 6n }
    await fc.assert(
      fc.asyncProperty(requests, async (charges) => {
        const accountId = await ledger.customer(1_000n)
        const stores = gateways()
        const paid = await Promise.all(
          charges.map(async (cost, index) => {
            const store = stores[index % stores.length] ?? ledger.holds
            const order = ledger.reservation(accountId, 100n, caps)
            const held = await reserve({ ...ledger.reserving, store }, order)
            const between = await ledger.counters(accountId)
            for (const [name, most] of Object.entries(atMost)) {
              expect((between[name] ?? 0n) <= most).toBe(true)
            }
            if (held.kind !== 'held') return []
            const own = { ...order, hold: held.hold }
            await finishHold({ ...ledger.finishing, store }, held.hold, charging(own, cost))
            return [cost]
          }),
        )
        const spent = paid.flat().reduce((sum, cost) => sum + cost, 0n)
        const tokens = BigInt(billedTokens * paid.flat().length)
        expect(await ledger.books(accountId)).toEqual({
          available: 1_000n - spent,
          held: 0n,
          spent,
        })
        expect(await ledger.counters(accountId)).toEqual({
          'sd#1#20261121': spent,
          'tm#1#202611210510': tokens,
          'cc#1': 0n,
        })
      }),
      { numRuns: 6 },
    )
  })
})
