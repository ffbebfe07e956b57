import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { sweepBucketOf } from '../../src/ledger/wallet.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../support/embedded-dynamodb.ts'
import { graceMs, leaseMs, minuteMs } from './open-ledger.ts'
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

describe('the clock', () => {
  test.each([61_000, -61_000])('%i ms off the database stops the sweeper', async (byMs) => {
    const order = await ledger.crashed()
    ledger.moveClock(leaseMs + graceMs)
    const before = await ledger.sweeps.readCursor()
    const serverTimeMs = async () => ledger.nowMs() + byMs
    expect(await ledger.run(ledger.withStore({ serverTimeMs }))).toEqual({
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
    await ledger.crashed()
    ledger.moveClock(leaseMs + graceMs)
    const serverTimeMs = async () => ledger.nowMs() + byMs
    expect(await ledger.run(ledger.withStore({ serverTimeMs }))).toMatchObject({
      released: 1,
      stopped: 'done',
    })
  })

  test('is believed where the database tells none', async () => {
    await ledger.crashed()
    ledger.moveClock(leaseMs + graceMs)
    const serverTimeMs = async () => undefined
    expect(await ledger.run(ledger.withStore({ serverTimeMs }))).toMatchObject({ released: 1 })
  })
})

describe('the cursor', () => {
  test('stands at the last due minute, which may still receive wallets', async () => {
    await ledger.run()
    const dueMs = ledger.nowMs() - graceMs
    expect(await ledger.sweeps.readCursor()).toBe(bucketAt(dueMs))
  })

  test('that nobody wrote yet begins two hours ago, within one run', async () => {
    let cursor: string | undefined
    const empty = ledger.withStore({
      accountsInBucket: async () => [],
      readCursor: async () => cursor,
      writeCursor: async (bucket) => {
        cursor = bucket
      },
    })
    const [first, second] = [await ledger.run(empty), await ledger.run(empty)]
    const graceMinutes = graceMs / minuteMs
    expect(first).toMatchObject({ stopped: 'done', buckets: 120 - graceMinutes + 1 })
    // From here on each run looks at the last due minute and, for late reserves, the 15 before it.
    expect(second).toMatchObject({ stopped: 'done', buckets: 16 })
  })

  test('goes forward only, though every run looks back', async () => {
    await ledger.run()
    ledger.moveClock(2 * minuteMs)
    const written: string[] = []
    const writeCursor = async (bucket: string) => void written.push(bucket)
    await ledger.run(ledger.withStore({ writeCursor }))
    const dueMs = ledger.nowMs() - graceMs
    expect(written).toEqual([dueMs - minuteMs, dueMs].map(bucketAt))
  })

  test('lets a run go on where the last one stopped', async () => {
    const { accountId } = await ledger.crashed()
    ledger.moveClock(leaseMs + graceMs)
    await ledger.run()
    ledger.moveClock(3 * 60 * minuteMs)
    const looked: string[] = []
    await ledger.run(
      ledger.withStore({
        accountsInBucket: async (bucket, limit) => {
          looked.push(bucket)
          return ledger.sweeps.accountsInBucket(bucket, limit)
        },
      }),
    )
    const firstMs = ledger.nowMs() - graceMs - 3 * 60 * minuteMs
    const minutes = Array.from({ length: 181 }, (_, index) => firstMs + index * minuteMs)
    expect(looked.slice(-181)).toEqual(minutes.map(bucketAt))
    expect(await ledger.bucketOfWallet(accountId)).toBeUndefined()
  })

  test('far behind is followed up over several bounded runs', async () => {
    const order = await ledger.crashed()
    await ledger.sweeps.writeCursor(bucketAt(ledger.nowMs() - 300 * minuteMs))
    ledger.moveClock(leaseMs + graceMs)
    expect(await ledger.run()).toMatchObject({ buckets: 240, released: 0, stopped: 'budget' })
    expect(await ledger.run()).toMatchObject({ released: 1, stopped: 'done' })
    expect(await ledger.books(order.accountId)).toMatchObject({ held: 0n })
  })

  test('before a minute with more wallets than a run takes waits for the rest of them', async () => {
    const accounts = Array.from({ length: 501 }, (_, index) => `acct_${index}`)
    const left = new Set(accounts)
    const bucket = bucketAt(ledger.nowMs() - 20 * minuteMs)
    const crowded = ledger.withStore({
      accountsInBucket: async (asked, limit) => (asked === bucket ? [...left].slice(0, limit) : []),
      readWallet: async (accountId) => {
        left.delete(accountId)
        return undefined
      },
    })
    await ledger.sweeps.writeCursor(bucket)
    expect(await ledger.run(crowded)).toMatchObject({ wallets: 500, stopped: 'budget' })
    expect(await ledger.sweeps.readCursor()).toBe(bucket)
    expect(await ledger.run(crowded)).toMatchObject({ wallets: 1, stopped: 'done' })
    expect(left.size).toBe(0)
  })
})

describe('a reserve that lands long after its hold was made out', () => {
  test('is found, although the sweeper has passed its minute', async () => {
    const accountId = await ledger.customer(1_000n)
    const order = ledger.reservation(accountId, 100n)
    ledger.moveClock(leaseMs + graceMs + 5 * minuteMs)
    await ledger.run()
    expect(await ledger.holds.reserve(order)).toMatchObject({ kind: 'held' })
    ledger.moveClock(minuteMs)
    expect(await ledger.run()).toMatchObject({ released: 1 })
    expect(await ledger.books(accountId)).toEqual({ available: 1_000n, held: 0n, spent: 0n })
  })
})

describe('a wallet whose sums do not add up', () => {
  test('is never touched, and the others are swept', async () => {
    const [before, broken, after] = [
      await ledger.crashed(),
      await ledger.crashed(),
      await ledger.crashed(),
    ]
    await ledger.alterWallet(broken.accountId, 'available', 901n)
    ledger.moveClock(leaseMs + graceMs)
    expect(await ledger.run()).toMatchObject({
      wallets: 3,
      released: 2,
      failed: 1,
      stopped: 'done',
    })
    expect(ledger.failures).toEqual([expect.stringContaining(`${broken.accountId}: S2`)])
    for (const { accountId } of [before, after]) {
      expect(await ledger.books(accountId)).toEqual({ available: 1_000n, held: 0n, spent: 0n })
    }
    expect(await ledger.statusOf(broken)).toBeUndefined()
  })

  test('is swept as soon as it is mended', async () => {
    const order = await ledger.crashed()
    await ledger.alterWallet(order.accountId, 'available', 901n)
    ledger.moveClock(leaseMs + graceMs)
    expect(await ledger.run()).toMatchObject({ released: 0, failed: 1 })
    ledger.moveClock(10 * minuteMs)
    expect(await ledger.run()).toMatchObject({ released: 0, failed: 1 })
    await ledger.alterWallet(order.accountId, 'available', 900n)
    ledger.moveClock(minuteMs)
    expect(await ledger.run()).toMatchObject({ released: 1, failed: 0 })
    expect(await ledger.books(order.accountId)).toEqual({ available: 1_000n, held: 0n, spent: 0n })
  })

  test('for hours does not keep the sweeper from the holds of later hours', async () => {
    const broken = await ledger.crashed()
    await ledger.alterWallet(broken.accountId, 'available', 901n)
    for (let hours = 0; hours < 6; hours += 2) {
      ledger.moveClock(2 * 60 * minuteMs)
      expect(await ledger.run()).toMatchObject({ failed: 1, stopped: 'done' })
    }
    const order = await ledger.crashed()
    ledger.moveClock(leaseMs + graceMs)
    expect(await ledger.run()).toMatchObject({ released: 1, failed: 1, stopped: 'done' })
    expect(await ledger.books(order.accountId)).toMatchObject({ held: 0n })
  })

  test('and cannot even be postponed holds the cursor before it', async () => {
    const order = await ledger.crashed()
    await ledger.alterWallet(order.accountId, 'available', 901n)
    const bucket = sweepBucketOf(order.hold.expiresAtSec)
    ledger.moveClock(leaseMs + graceMs + 3 * minuteMs)
    const moveBucket = () => Promise.reject(new Error('throttled'))
    expect(await ledger.run(ledger.withStore({ moveBucket }))).toMatchObject({
      failed: 1,
      stopped: 'done',
    })
    expect(await ledger.sweeps.readCursor()).toBe(bucket)
    await ledger.alterWallet(order.accountId, 'available', 900n)
    expect(await ledger.run()).toMatchObject({ released: 1, failed: 0 })
  })
})
