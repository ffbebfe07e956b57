import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { finishHold } from '../../src/ledger/finish.ts'
import type { HoldStore, Reservation } from '../../src/ledger/ports.ts'
import { sweepStray } from '../../src/ledger/sweep.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../support/embedded-dynamodb.ts'
import { charging, graceMs, leaseMs, minuteMs } from './open-ledger.ts'
import { bucketAt, openSweptLedger, type SweptLedger } from './open-swept-ledger.ts'

let engine: EmbeddedDynamodb
let ledger: SweptLedger
beforeAll(async () => {
  engine = await startEmbeddedDynamodb()
})
beforeEach(async () => {
  ledger = await openSweptLedger(engine)
})
afterAll(() => engine.stop())

const caps = {
  spendPerDay: 900n,
  spendPerMonth: 900n,
  requestsPerMinute: 9,
  tokensPerMinute: 9_000,
  concurrency: 3,
  tokens: 700,
}

/** Nothing of it is ever dropped, so nothing closes the account to the late try. */
const withoutPeriods = { concurrency: 3 }

/** A store whose first reserve is still on its way when the second one has been answered. */
function withFirstTryLate(store: HoldStore) {
  const late: Reservation[] = []
  const slow: HoldStore = {
    ...store,
    reserve: async (reservation) => {
      if (late.length > 0) return store.reserve(reservation)
      late.push(reservation)
      return { kind: 'unknown' }
    },
  }
  const arrive = async () => {
    const [first] = late
    if (!first) throw new Error('there was a first try')
    return store.reserve(first)
  }
  return { store: slow, arrive }
}

/** A customer with 1000, 300 of them held by a second try; the first one may arrive yet. */
async function heldBySecondTry(limits: Parameters<SweptLedger['reservation']>[2] = caps) {
  const { store, arrive } = withFirstTryLate(ledger.holds)
  const accountId = await ledger.customer(1_000n)
  const order = await ledger.take(ledger.reservation(accountId, 300n, limits), store)
  return { accountId, order, arrive }
}

const finish = (order: Reservation, charge: bigint) =>
  finishHold(ledger.finishing, order.hold, charging(order, charge))
const sweepTwin = () => {
  ledger.moveClock(leaseMs + graceMs)
  return ledger.run()
}

describe('a first try that arrives', () => {
  test('while the hold of the second is open is refused and changes nothing', async () => {
    const { accountId, order, arrive } = await heldBySecondTry()
    expect(await arrive()).toMatchObject({ kind: 'refused' })
    expect(await ledger.books(accountId)).toEqual({ available: 700n, held: 300n, spent: 0n })
    await finish(order, 40n)
    expect(await ledger.books(accountId)).toEqual({ available: 960n, held: 0n, spent: 40n })
  })

  test('before the second is the hold, under its own nonce', async () => {
    const { store, arrive } = withFirstTryLate(ledger.holds)
    const accountId = await ledger.customer(1_000n)
    const overtaken: HoldStore = {
      ...store,
      reserve: async (reservation) => {
        const outcome = await store.reserve(reservation)
        if (outcome.kind === 'unknown') await arrive()
        return outcome
      },
    }
    const order = await ledger.take(ledger.reservation(accountId, 300n, caps), overtaken)
    const wallet = await ledger.sweeps.readWallet(accountId)
    expect(wallet?.holds.get(order.holdId)).toEqual(order.hold)
    await finish(order, 40n)
    expect(await ledger.books(accountId)).toEqual({ available: 960n, held: 0n, spent: 40n })
  })

  test('after the settlement holds again, is charged nothing and comes back whole', async () => {
    const { accountId, order, arrive } = await heldBySecondTry()
    await finish(order, 40n)
    expect(await arrive()).toMatchObject({ kind: 'held' })
    expect(await ledger.books(accountId)).toEqual({ available: 660n, held: 300n, spent: 40n })
    expect(await sweepTwin()).toMatchObject({ released: 1, failed: 0 })
    expect(await ledger.books(accountId)).toEqual({ available: 960n, held: 0n, spent: 40n })
    expect(await ledger.statusOf(order)).toBe('completed')
    expect(await ledger.counters(accountId)).toMatchObject({
      'sd#1#20261121': 40n,
      'sm#1#202611': 40n,
      'cc#1': 0n,
    })
  })

  test('after its hold expired and was released comes back whole once more', async () => {
    const { accountId, order, arrive } = await heldBySecondTry(withoutPeriods)
    await sweepTwin()
    expect(await arrive()).toMatchObject({ kind: 'held' })
    expect(await sweepTwin()).toMatchObject({ released: 1, failed: 0 })
    expect(await ledger.books(accountId)).toEqual({ available: 1_000n, held: 0n, spent: 0n })
    expect(await ledger.statusOf(order)).toBe('expired')
    expect(await ledger.counters(accountId)).toEqual({ 'cc#1': 0n })
  })

  test('between the decision and a settlement that never came leaves the charge once', async () => {
    const { accountId, order, arrive } = await heldBySecondTry()
    await ledger.holds.decide(charging(order, 40n))
    await arrive()
    await sweepTwin()
    expect(await ledger.books(accountId)).toEqual({ available: 960n, held: 0n, spent: 40n })
  })

  test('when the counters of its day are gone is refused: it would count anew', async () => {
    ledger.moveClock(Date.UTC(2026, 10, 21, 23, 58) - ledger.nowMs())
    await ledger.sweeps.writeCursor(bucketAt(ledger.nowMs()))
    const { accountId, order, arrive } = await heldBySecondTry()
    await finish(order, 40n)
    ledger.moveClock(10 * minuteMs)
    await ledger.run()
    expect(await ledger.counters(accountId)).toEqual({ 'sm#1#202611': 40n, 'cc#1': 0n })
    expect(await arrive()).toMatchObject({ kind: 'refused' })
    expect(await ledger.counters(accountId)).toEqual({ 'sm#1#202611': 40n, 'cc#1': 0n })
    expect(await ledger.books(accountId)).toEqual({ available: 960n, held: 0n, spent: 40n })
  })

  test('after the books were closed is refused', async () => {
    const { accountId, order, arrive } = await heldBySecondTry()
    await finish(order, 40n)
    ledger.moveClock(1)
    const { holdId } = ledger.reservation(accountId, 0n)
    await ledger.alterWallet(accountId, 'closedBefore', holdId)
    expect(await arrive()).toMatchObject({ kind: 'refused' })
    expect(await ledger.books(accountId)).toEqual({ available: 960n, held: 0n, spent: 40n })
  })
})

describe('a twin that is open', () => {
  test('is not touched by its gateway, whatever that repeats', async () => {
    const { accountId, order, arrive } = await heldBySecondTry()
    await finish(order, 40n)
    await arrive()
    const told = { kind: 'finished', wasFirst: true, isSettled: true, decision: { charge: 40n } }
    expect(await finish(order, 40n)).toMatchObject(told)
    expect(await ledger.books(accountId)).toEqual({ available: 660n, held: 300n, spent: 40n })
  })

  test('is resolved at once when its money is asked for', async () => {
    const { accountId, order, arrive } = await heldBySecondTry()
    await finish(order, 40n)
    await arrive()
    ledger.moveClock(leaseMs + graceMs)
    await ledger.take(ledger.reservation(accountId, 960n))
    expect(await ledger.books(accountId)).toEqual({ available: 0n, held: 960n, spent: 40n })
  })

  test('is released once by three sweepers', async () => {
    const { accountId, order, arrive } = await heldBySecondTry()
    await finish(order, 40n)
    await arrive()
    ledger.moveClock(leaseMs + graceMs)
    await Promise.all([ledger.run(), ledger.run(), ledger.run()])
    expect(await ledger.books(accountId)).toEqual({ available: 960n, held: 0n, spent: 40n })
  })
})

test('a decision from before nonces were recorded ends whatever hold stands there', async () => {
  const { accountId, order } = await heldBySecondTry()
  await ledger.holds.decide({ ...charging(order, 40n), nonce: undefined })
  await sweepTwin()
  expect(await ledger.books(accountId)).toEqual({ available: 960n, held: 0n, spent: 40n })
})

test('a twin that comes later than the sweeper looks back is found by the walk over all wallets', async () => {
  const { accountId, order, arrive } = await heldBySecondTry(withoutPeriods)
  await finish(order, 40n)
  ledger.moveClock(leaseMs + graceMs)
  await ledger.run()
  ledger.moveClock(60 * minuteMs)
  await ledger.run()
  expect(await arrive()).toMatchObject({ kind: 'held' })
  expect(await ledger.run()).toMatchObject({ released: 0 })
  const wallet = await ledger.sweeps.readWallet(accountId)
  expect(wallet && (await sweepStray(ledger.sweeping, wallet))).toBe(1)
  expect(await ledger.books(accountId)).toEqual({ available: 960n, held: 0n, spent: 40n })
  // Out of the minute that nobody looks at, so that its next crashed hold is found as usual.
  expect(await ledger.bucketOfWallet(accountId)).toBeUndefined()
  await ledger.crashed(accountId)
  ledger.moveClock(leaseMs + graceMs)
  expect(await ledger.run()).toMatchObject({ released: 1 })
})
