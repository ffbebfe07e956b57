import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Reservation, SweepStore } from '../../src/ledger/ports.ts'
import { type SweepDeps, type SweepReport, sweep } from '../../src/ledger/sweep.ts'
import { sweepBucketOf } from '../../src/ledger/wallet.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../support/embedded-dynamodb.ts'
import { losing } from './lost-replies.ts'
import { charging, graceMs, type Ledger, leaseMs, minuteMs, openLedger } from './open-ledger.ts'

let engine: EmbeddedDynamodb
let ledger: Ledger
beforeAll(async () => {
  engine = await startEmbeddedDynamodb()
})
beforeEach(async () => {
  ledger = await openLedger(engine)
  await ledger.sweeps.writeCursor(bucketAt(ledger.nowMs() - graceMs))
})
afterAll(() => engine.stop())

/** A gateway takes a hold of 100 and is never heard of again. */
async function crashed(accountId?: string): Promise<Reservation> {
  const order = ledger.reservation(accountId ?? (await ledger.customer(1_000n)), 100n)
  expect(await ledger.holds.reserve(order)).toEqual({ kind: 'held' })
  return order
}

const run = (changes: Partial<SweepDeps> = {}) => sweep({ ...ledger.sweeping, ...changes })
const withStore = (changes: Partial<SweepStore>): Partial<SweepDeps> => ({
  sweepStore: { ...ledger.sweeping.sweepStore, ...changes },
})
const bucketAt = (timeMs: number) => sweepBucketOf(Math.floor(timeMs / 1000))
const bucketOfWallet = async (accountId: string) =>
  (await ledger.sweeps.readWallet(accountId))?.sweepBucket
const statusOf = async ({ accountId, holdId }: Reservation) =>
  (await ledger.receipts.readReceipt(accountId, holdId))?.receipt.body.result.status

/** Longer than the sweeper looks back behind its cursor. */
const longMs = 20 * minuteMs

describe('a hold whose gateway crashed', () => {
  test('after the reserve ends as expired, costs nothing and gives all of its money back', async () => {
    const order = await crashed()
    ledger.moveClock(leaseMs + graceMs)
    expect(await run()).toMatchObject({ released: 1, failed: 0, stopped: 'done' })
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
    const order = await crashed()
    await ledger.holds.decide(charging(order, 40n))
    ledger.moveClock(leaseMs + graceMs)
    expect(await run()).toMatchObject({ released: 1 })
    expect(await ledger.books(order.accountId)).toEqual({ available: 960n, held: 0n, spent: 40n })
    expect(await statusOf(order)).toBe('completed')
  })

  test('ends once, however often the sweeper comes', async () => {
    const order = await crashed()
    ledger.moveClock(leaseMs + graceMs)
    await run()
    expect(await run()).toMatchObject({ released: 0, wallets: 0 })
    ledger.moveClock(minuteMs)
    expect(await run()).toMatchObject({ released: 0, wallets: 0 })
    expect(await ledger.books(order.accountId)).toEqual({ available: 1_000n, held: 0n, spent: 0n })
  })

  test('that gave up its money does so before its gateway comes back: that is told 0', async () => {
    const order = await crashed()
    ledger.moveClock(leaseMs + graceMs)
    await run()
    const outcome = await ledger.holds.decide(charging(order, 40n))
    expect(outcome).toMatchObject({ kind: 'decided_before', decision: { charge: 0n } })
  })
})

describe('a hold that may still be in use', () => {
  test('is let alone until its lease and the grace are over, to the second', async () => {
    const order = await crashed()
    for (const waitMs of [leaseMs, graceMs - 1_000]) {
      ledger.moveClock(waitMs)
      expect(await run()).toMatchObject({ released: 0 })
      expect(await ledger.books(order.accountId)).toMatchObject({ held: 100n })
      expect(await statusOf(order)).toBeUndefined()
    }
    ledger.moveClock(1_000)
    expect(await run()).toMatchObject({ released: 1 })
  })

  test('stays when an older one of its wallet ends, and ends in its turn', async () => {
    const old = await crashed()
    ledger.moveClock(3 * minuteMs)
    const young = await crashed(old.accountId)
    ledger.moveClock(leaseMs + graceMs - 3 * minuteMs)
    expect(await run()).toMatchObject({ released: 1 })
    expect(await ledger.books(old.accountId)).toMatchObject({ available: 900n, held: 100n })
    expect([await statusOf(old), await statusOf(young)]).toEqual(['expired', undefined])
    expect(await bucketOfWallet(old.accountId)).toBe(sweepBucketOf(young.hold.expiresAtSec))
    ledger.moveClock(3 * minuteMs)
    expect(await run()).toMatchObject({ released: 1 })
    expect(await ledger.books(old.accountId)).toMatchObject({ available: 1_000n, held: 0n })
  })
})

describe('the clock', () => {
  test.each([61_000, -61_000])('%i ms off the database stops the sweeper', async (byMs) => {
    const order = await crashed()
    ledger.moveClock(leaseMs + graceMs)
    const before = await ledger.sweeps.readCursor()
    const serverTimeMs = async () => ledger.nowMs() + byMs
    expect(await run(withStore({ serverTimeMs }))).toEqual({
      buckets: 0,
      wallets: 0,
      released: 0,
      failed: 0,
      stopped: 'clock',
    })
    expect(await ledger.books(order.accountId)).toMatchObject({ held: 100n })
    expect(await ledger.sweeps.readCursor()).toBe(before)
  })

  test.each([60_000, -60_000, 0])('%i ms off it does not', async (byMs) => {
    await crashed()
    ledger.moveClock(leaseMs + graceMs)
    const serverTimeMs = async () => ledger.nowMs() + byMs
    expect(await run(withStore({ serverTimeMs }))).toMatchObject({ released: 1, stopped: 'done' })
  })

  test('is believed where the database tells none', async () => {
    await crashed()
    ledger.moveClock(leaseMs + graceMs)
    const serverTimeMs = async () => undefined
    expect(await run(withStore({ serverTimeMs }))).toMatchObject({ released: 1 })
  })
})

describe('two sweepers at the same time', () => {
  test('make one decision for each hold and give its money back once', async () => {
    const orders = []
    for (let count = 0; count < 6; count += 1) orders.push(await crashed())
    const decided = orders[0]
    if (!decided) throw new Error('there are holds')
    await ledger.holds.decide(charging(decided, 40n))
    ledger.moveClock(leaseMs + graceMs)
    const reports = await Promise.all([run(), run(), run()])
    expect(reports.every((report) => report.failed === 0)).toBe(true)
    for (const order of orders) {
      const spent = order === decided ? 40n : 0n
      const available = 1_000n - spent
      expect(await ledger.books(order.accountId)).toEqual({ available, held: 0n, spent })
      expect(await bucketOfWallet(order.accountId)).toBeUndefined()
    }
  })

  test('and a gateway that settles late leave one outcome', async () => {
    const order = await crashed()
    ledger.moveClock(leaseMs + graceMs)
    const [outcome] = await Promise.all([ledger.holds.decide(charging(order, 40n)), run(), run()])
    const charge = outcome.kind === 'decided' ? 40n : 0n
    const available = 1_000n - charge
    expect(await ledger.books(order.accountId)).toEqual({ available, held: 0n, spent: charge })
  })
})

describe('the index of wallets with open holds', () => {
  test('loses a wallet once it has none', async () => {
    const { accountId } = await crashed()
    ledger.moveClock(leaseMs + graceMs)
    await run()
    expect(await bucketOfWallet(accountId)).toBeUndefined()
  })

  test('loses a wallet whose gateways settled everything themselves', async () => {
    const order = await crashed()
    await ledger.holds.decide(charging(order, 40n))
    const settlement = { ...order, charge: 40n, spendCounters: [] }
    await ledger.holds.settle(settlement)
    ledger.moveClock(leaseMs + graceMs)
    expect(await run()).toMatchObject({ wallets: 1, released: 0 })
    expect(await bucketOfWallet(order.accountId)).toBeUndefined()
  })

  test('keeps a wallet whose next hold is taken between the last look and the leaving', async () => {
    const { accountId } = await crashed()
    ledger.moveClock(leaseMs + graceMs + longMs)
    const taken: Reservation[] = []
    const report = await run(
      withStore({
        leaveBuckets: async (leave) => {
          taken.push(await crashed(accountId))
          return ledger.sweeps.leaveBuckets(leave)
        },
      }),
    )
    expect(report).toMatchObject({ released: 1, failed: 0 })
    expect(taken).toHaveLength(1)
    expect(await ledger.books(accountId)).toMatchObject({ held: 100n })
    for (let waitedMs = 0; waitedMs < leaseMs + graceMs; waitedMs += minuteMs) {
      ledger.moveClock(minuteMs)
      await run()
    }
    expect(await ledger.books(accountId)).toEqual({ available: 1_000n, held: 0n, spent: 0n })
    expect(await bucketOfWallet(accountId)).toBeUndefined()
  })

  test('takes a wallet in again with its next hold', async () => {
    const { accountId } = await crashed()
    ledger.moveClock(leaseMs + graceMs)
    await run()
    await crashed(accountId)
    ledger.moveClock(leaseMs + graceMs)
    expect(await run()).toMatchObject({ released: 1 })
  })

  test('keeps a wallet whose decision could not be written, for the next minute', async () => {
    const order = await crashed()
    ledger.moveClock(leaseMs + graceMs + longMs)
    const store = losing(ledger.holds, { decide: Array(100).fill('request lost') })
    expect(await run({ store })).toMatchObject({ released: 0, failed: 0 })
    expect(await ledger.books(order.accountId)).toMatchObject({ held: 100n })
    ledger.moveClock(minuteMs)
    expect(await run()).toMatchObject({ released: 1 })
    expect(await ledger.books(order.accountId)).toMatchObject({ available: 1_000n, held: 0n })
  })
})

describe('the cursor', () => {
  test('stands at the last due minute, which may still receive wallets', async () => {
    await run()
    const dueMs = ledger.nowMs() - graceMs
    expect(await ledger.sweeps.readCursor()).toBe(bucketAt(dueMs))
  })

  test('that nobody wrote yet begins a day ago', async () => {
    let cursor: string | undefined
    const empty = withStore({
      accountsInBucket: async () => [],
      readCursor: async () => cursor,
      writeCursor: async (bucket) => {
        cursor = bucket
      },
    })
    const runs: SweepReport[] = []
    for (let time = 1; time <= 7; time += 1) runs.push(await run(empty))
    const stops = runs.map(({ stopped }) => stopped)
    expect(stops).toEqual([...Array(5).fill('budget'), 'done', 'done'])
    // From here on each run looks at the last due minute and, for late reserves, the 15 before it.
    expect(runs.at(-1)).toMatchObject({ buckets: 16 })
  })

  test('goes forward only, though every run looks back', async () => {
    await run()
    ledger.moveClock(2 * minuteMs)
    const written: string[] = []
    const writeCursor = async (bucket: string) => void written.push(bucket)
    await run(withStore({ writeCursor }))
    const dueMs = ledger.nowMs() - graceMs
    expect(written).toEqual([dueMs - minuteMs, dueMs].map(bucketAt))
  })

  test('lets a run go on where the last one stopped', async () => {
    const { accountId } = await crashed()
    ledger.moveClock(leaseMs + graceMs)
    await run()
    ledger.moveClock(3 * 60 * minuteMs)
    const looked: string[] = []
    await run(
      withStore({
        accountsInBucket: async (bucket, limit) => {
          looked.push(bucket)
          return ledger.sweeps.accountsInBucket(bucket, limit)
        },
      }),
    )
    const firstMs = ledger.nowMs() - graceMs - 3 * 60 * minuteMs
    const minutes = Array.from({ length: 181 }, (_, index) => firstMs + index * minuteMs)
    expect(looked.slice(-181)).toEqual(minutes.map(bucketAt))
    expect(await bucketOfWallet(accountId)).toBeUndefined()
  })

  test('far behind is followed up over several bounded runs', async () => {
    const order = await crashed()
    await ledger.sweeps.writeCursor(bucketAt(ledger.nowMs() - 300 * minuteMs))
    ledger.moveClock(leaseMs + graceMs)
    expect(await run()).toMatchObject({ buckets: 240, released: 0, stopped: 'budget' })
    expect(await run()).toMatchObject({ released: 1, stopped: 'done' })
    expect(await ledger.books(order.accountId)).toMatchObject({ held: 0n })
  })

  test('before a minute with more wallets than a run takes waits for the rest of them', async () => {
    const accounts = Array.from({ length: 501 }, (_, index) => `acct_${index}`)
    const left = new Set(accounts)
    const bucket = bucketAt(ledger.nowMs() - 20 * minuteMs)
    const crowded = withStore({
      accountsInBucket: async (asked, limit) => (asked === bucket ? [...left].slice(0, limit) : []),
      readWallet: async (accountId) => {
        left.delete(accountId)
        return undefined
      },
    })
    await ledger.sweeps.writeCursor(bucket)
    expect(await run(crowded)).toMatchObject({ wallets: 500, stopped: 'budget' })
    expect(await ledger.sweeps.readCursor()).toBe(bucket)
    expect(await run(crowded)).toMatchObject({ wallets: 1, stopped: 'done' })
    expect(left.size).toBe(0)
  })
})

describe('a reserve that lands long after its hold was made out', () => {
  test('is found, although the sweeper has passed its minute', async () => {
    const accountId = await ledger.customer(1_000n)
    const order = ledger.reservation(accountId, 100n)
    ledger.moveClock(leaseMs + graceMs + 5 * minuteMs)
    await run()
    expect(await ledger.holds.reserve(order)).toEqual({ kind: 'held' })
    ledger.moveClock(minuteMs)
    expect(await run()).toMatchObject({ released: 1 })
    expect(await ledger.books(accountId)).toEqual({ available: 1_000n, held: 0n, spent: 0n })
  })
})

describe('a wallet whose sums do not add up', () => {
  test('is never touched, and the others are swept', async () => {
    const [before, broken, after] = [await crashed(), await crashed(), await crashed()]
    await ledger.alterWallet(broken.accountId, 'available', 901n)
    ledger.moveClock(leaseMs + graceMs)
    expect(await run()).toMatchObject({ wallets: 3, released: 2, failed: 1, stopped: 'done' })
    expect(ledger.failures).toEqual([expect.stringContaining(`${broken.accountId}: S2`)])
    for (const { accountId } of [before, after]) {
      expect(await ledger.books(accountId)).toEqual({ available: 1_000n, held: 0n, spent: 0n })
    }
    expect(await statusOf(broken)).toBeUndefined()
  })

  test('is swept as soon as it is mended', async () => {
    const order = await crashed()
    await ledger.alterWallet(order.accountId, 'available', 901n)
    ledger.moveClock(leaseMs + graceMs)
    expect(await run()).toMatchObject({ released: 0, failed: 1 })
    ledger.moveClock(10 * minuteMs)
    expect(await run()).toMatchObject({ released: 0, failed: 1 })
    await ledger.alterWallet(order.accountId, 'available', 900n)
    ledger.moveClock(minuteMs)
    expect(await run()).toMatchObject({ released: 1, failed: 0 })
    expect(await ledger.books(order.accountId)).toEqual({ available: 1_000n, held: 0n, spent: 0n })
  })

  test('for hours does not keep the sweeper from the holds of later hours', async () => {
    const broken = await crashed()
    await ledger.alterWallet(broken.accountId, 'available', 901n)
    for (let hours = 0; hours < 6; hours += 2) {
      ledger.moveClock(2 * 60 * minuteMs)
      expect(await run()).toMatchObject({ failed: 1, stopped: 'done' })
    }
    const order = await crashed()
    ledger.moveClock(leaseMs + graceMs)
    expect(await run()).toMatchObject({ released: 1, failed: 1, stopped: 'done' })
    expect(await ledger.books(order.accountId)).toMatchObject({ held: 0n })
  })

  test('and cannot even be postponed holds the cursor before it', async () => {
    const order = await crashed()
    await ledger.alterWallet(order.accountId, 'available', 901n)
    const bucket = sweepBucketOf(order.hold.expiresAtSec)
    ledger.moveClock(leaseMs + graceMs + 3 * minuteMs)
    const moveBucket = () => Promise.reject(new Error('throttled'))
    expect(await run(withStore({ moveBucket }))).toMatchObject({ failed: 1, stopped: 'done' })
    expect(await ledger.sweeps.readCursor()).toBe(bucket)
    await ledger.alterWallet(order.accountId, 'available', 900n)
    expect(await run()).toMatchObject({ released: 1, failed: 0 })
  })
})

describe('counters', () => {
  test('of ended periods leave the wallet with the sweep; those of now stay', async () => {
    const accountId = await ledger.customer(1_000n)
    const caps = { spendPerDay: 500n, spendPerMonth: 500n, requestsPerMinute: 9 }
    await ledger.holds.reserve(ledger.reservation(accountId, 100n, caps))
    ledger.moveClock(24 * 60 * minuteMs)
    await ledger.holds.reserve(ledger.reservation(accountId, 50n, caps))
    expect(Object.keys(await ledger.counters(accountId))).toHaveLength(5)
    await run()
    expect(await ledger.counters(accountId)).toEqual({
      'sd#1#20261122': 50n,
      'sm#1#202611': 50n,
      'rm#1#202611220510': 1n,
    })
    await ledger.books(accountId)
  })
})
