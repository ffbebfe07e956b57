import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Reservation } from '../../src/ledger/ports.ts'
import { sweepBucketOf } from '../../src/ledger/wallet.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../support/embedded-dynamodb.ts'
import { losing } from './lost-replies.ts'
import { charging, graceMs, leaseMs, minuteMs } from './open-ledger.ts'
import { longMs, openSweptLedger, type SweptLedger } from './open-swept-ledger.ts'

let engine: EmbeddedDynamodb
let ledger: SweptLedger
beforeAll(async () => {
  engine = await startEmbeddedDynamodb()
})
beforeEach(async () => {
  ledger = await openSweptLedger(engine)
})
afterAll(() => engine.stop())

describe('a hold whose gateway crashed', () => {
  test('after the reserve ends as expired, costs nothing and gives all of its money back', async () => {
    const order = await ledger.crashed()
    ledger.moveClock(leaseMs + graceMs)
    expect(await ledger.run()).toMatchObject({ released: 1, failed: 0, stopped: 'done' })
    expect(await ledger.books(order.accountId)).toEqual({ available: 1_000n, held: 0n, spent: 0n })
    const decision = await ledger.receipts.readReceipt(order.accountId, order.holdId)
    expect(decision).toMatchObject({
      charge: 0n,
      receipt: {
        body: { result: { status: 'expired', error: 'gateway_lost' }, served: null },
        private: { request_id: order.holdId, account_id: order.accountId, hold_usd: '0.0000001' },
      },
    })
  })

  test('after the decision pays what was decided', async () => {
    const order = await ledger.crashed()
    await ledger.holds.decide(charging(order, 40n))
    ledger.moveClock(leaseMs + graceMs)
    expect(await ledger.run()).toMatchObject({ released: 1 })
    expect(await ledger.books(order.accountId)).toEqual({ available: 960n, held: 0n, spent: 40n })
    expect(await ledger.statusOf(order)).toBe('completed')
  })

  test('ends once, however often the sweeper comes', async () => {
    const order = await ledger.crashed()
    ledger.moveClock(leaseMs + graceMs)
    await ledger.run()
    expect(await ledger.run()).toMatchObject({ released: 0, wallets: 0 })
    ledger.moveClock(minuteMs)
    expect(await ledger.run()).toMatchObject({ released: 0, wallets: 0 })
    expect(await ledger.books(order.accountId)).toEqual({ available: 1_000n, held: 0n, spent: 0n })
  })

  test('that gave up its money does so before its gateway comes back: that is told 0', async () => {
    const order = await ledger.crashed()
    ledger.moveClock(leaseMs + graceMs)
    await ledger.run()
    const outcome = await ledger.holds.decide(charging(order, 40n))
    expect(outcome).toMatchObject({ kind: 'decided_before', decision: { charge: 0n } })
  })
})

describe('a hold that may still be in use', () => {
  test('is let alone until its lease and the grace are over, to the second', async () => {
    const order = await ledger.crashed()
    for (const waitMs of [leaseMs, graceMs - 1_000]) {
      ledger.moveClock(waitMs)
      expect(await ledger.run()).toMatchObject({ released: 0 })
      expect(await ledger.books(order.accountId)).toMatchObject({ held: 100n })
      expect(await ledger.statusOf(order)).toBeUndefined()
    }
    ledger.moveClock(1_000)
    expect(await ledger.run()).toMatchObject({ released: 1 })
  })

  test('stays when an older one of its wallet ends, and ends in its turn', async () => {
    const old = await ledger.crashed()
    ledger.moveClock(3 * minuteMs)
    const young = await ledger.crashed(old.accountId)
    ledger.moveClock(leaseMs + graceMs - 3 * minuteMs)
    expect(await ledger.run()).toMatchObject({ released: 1 })
    expect(await ledger.books(old.accountId)).toMatchObject({ available: 900n, held: 100n })
    expect([await ledger.statusOf(old), await ledger.statusOf(young)]).toEqual([
      'expired',
      undefined,
    ])
    expect(await ledger.bucketOfWallet(old.accountId)).toBe(sweepBucketOf(young.hold.expiresAtSec))
    ledger.moveClock(3 * minuteMs)
    expect(await ledger.run()).toMatchObject({ released: 1 })
    expect(await ledger.books(old.accountId)).toMatchObject({ available: 1_000n, held: 0n })
  })
})

describe('two sweepers at the same time', () => {
  test('make one decision for each hold and give its money back once', async () => {
    const orders = []
    for (let count = 0; count < 6; count += 1) orders.push(await ledger.crashed())
    const decided = orders[0]
    if (!decided) throw new Error('there are holds')
    await ledger.holds.decide(charging(decided, 40n))
    ledger.moveClock(leaseMs + graceMs)
    const reports = await Promise.all([ledger.run(), ledger.run(), ledger.run()])
    expect(reports.every((report) => report.failed === 0)).toBe(true)
    for (const order of orders) {
      const spent = order === decided ? 40n : 0n
      const available = 1_000n - spent
      expect(await ledger.books(order.accountId)).toEqual({ available, held: 0n, spent })
      expect(await ledger.bucketOfWallet(order.accountId)).toBeUndefined()
    }
  })

  test('and a gateway that settles late leave one outcome', async () => {
    const order = await ledger.crashed()
    ledger.moveClock(leaseMs + graceMs)
    const [outcome] = await Promise.all([
      ledger.holds.decide(charging(order, 40n)),
      ledger.run(),
      ledger.run(),
    ])
    const charge = outcome.kind === 'decided' ? 40n : 0n
    const available = 1_000n - charge
    expect(await ledger.books(order.accountId)).toEqual({ available, held: 0n, spent: charge })
  })
})

describe('the index of wallets with open holds', () => {
  test('loses a wallet once it has none', async () => {
    const { accountId } = await ledger.crashed()
    ledger.moveClock(leaseMs + graceMs)
    await ledger.run()
    expect(await ledger.bucketOfWallet(accountId)).toBeUndefined()
  })

  test('loses a wallet whose gateways settled everything themselves', async () => {
    const order = await ledger.crashed()
    await ledger.holds.decide(charging(order, 40n))
    const settlement = { ...order, charge: 40n, returns: [] }
    await ledger.holds.settle(settlement)
    ledger.moveClock(leaseMs + graceMs)
    expect(await ledger.run()).toMatchObject({ wallets: 1, released: 0 })
    expect(await ledger.bucketOfWallet(order.accountId)).toBeUndefined()
  })

  test('keeps a wallet whose next hold is taken between the last look and the leaving', async () => {
    const { accountId } = await ledger.crashed()
    ledger.moveClock(leaseMs + graceMs + longMs)
    const taken: Reservation[] = []
    const report = await ledger.run(
      ledger.withStore({
        leaveBuckets: async (leave) => {
          taken.push(await ledger.crashed(accountId))
          return ledger.sweeps.leaveBuckets(leave)
        },
      }),
    )
    expect(report).toMatchObject({ released: 1, failed: 0 })
    expect(taken).toHaveLength(1)
    expect(await ledger.books(accountId)).toMatchObject({ held: 100n })
    for (let waitedMs = 0; waitedMs < leaseMs + graceMs; waitedMs += minuteMs) {
      ledger.moveClock(minuteMs)
      await ledger.run()
    }
    expect(await ledger.books(accountId)).toEqual({ available: 1_000n, held: 0n, spent: 0n })
    expect(await ledger.bucketOfWallet(accountId)).toBeUndefined()
  })

  test('takes a wallet in again with its next hold', async () => {
    const { accountId } = await ledger.crashed()
    ledger.moveClock(leaseMs + graceMs)
    await ledger.run()
    await ledger.crashed(accountId)
    ledger.moveClock(leaseMs + graceMs)
    expect(await ledger.run()).toMatchObject({ released: 1 })
  })

  test('keeps a wallet whose decision could not be written, for the next minute', async () => {
    const order = await ledger.crashed()
    ledger.moveClock(leaseMs + graceMs + longMs)
    const store = losing(ledger.holds, { decide: Array(100).fill('request lost') })
    expect(await ledger.run({ store })).toMatchObject({ released: 0, failed: 0 })
    expect(await ledger.books(order.accountId)).toMatchObject({ held: 100n })
    ledger.moveClock(minuteMs)
    expect(await ledger.run()).toMatchObject({ released: 1 })
    expect(await ledger.books(order.accountId)).toMatchObject({ available: 1_000n, held: 0n })
  })
})

describe('counters', () => {
  test('of ended periods leave the wallet with the sweep; those of now stay', async () => {
    const accountId = await ledger.customer(1_000n)
    const caps = {
      spendPerDay: 500n,
      spendPerMonth: 500n,
      requestsPerMinute: 9,
      tokensPerMinute: 900,
      concurrency: 3,
      tokens: 7,
    }
    await ledger.holds.reserve(ledger.reservation(accountId, 100n, caps))
    ledger.moveClock(24 * 60 * minuteMs)
    await ledger.holds.reserve(ledger.reservation(accountId, 50n, caps))
    expect(Object.keys(await ledger.counters(accountId))).toHaveLength(8)
    await ledger.run()
    expect(await ledger.counters(accountId)).toEqual({
      'sd#1#20261122': 50n,
      'sm#1#202611': 50n,
      'rm#1#202611220510': 1n,
      'tm#1#202611220510': 7n,
      'cc#1': 1n,
    })
    await ledger.books(accountId)
  })
})
