import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { makeSweepStore } from '../../../src/adapters/dynamodb/sweep-store.ts'
import { firstIdAt } from '../../../src/adapters/system.ts'
import { sweepBucketOf } from '../../../src/ledger/wallet.ts'
import { type Ledger, openLedger } from '../../ledger/open-ledger.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../../support/embedded-dynamodb.ts'
import { anAccountId } from './facts.ts'

let engine: EmbeddedDynamodb
let ledger: Ledger
beforeAll(async () => {
  engine = await startEmbeddedDynamodb()
  ledger = await openLedger(engine)
})
afterAll(() => engine.stop())

/** A wallet with one open hold, and the bucket that it is in. */
async function held() {
  // A minute of its own for every test, so that none finds another's wallets.
  ledger.moveClock(60_000)
  const accountId = await ledger.customer(1_000n)
  const order = ledger.reservation(accountId, 100n)
  await ledger.holds.reserve(order)
  return { accountId, order, bucket: sweepBucketOf(order.hold.expiresAtSec) }
}

const settled = ({ order }: Awaited<ReturnType<typeof held>>) =>
  ledger.holds.settle({ ...order, charge: 0n, returns: [] })
const bucketOf = async (accountId: string) =>
  (await ledger.sweeps.readWallet(accountId))?.sweepBucket

describe('a wallet', () => {
  test('with a hold is found in the minute in which it expires, and in no other', async () => {
    const { accountId, bucket } = await held()
    expect(await ledger.sweeps.accountsInBucket(bucket, 10)).toEqual([accountId])
    const next = sweepBucketOf(Date.parse(`${bucket}:00Z`) / 1000 + 60)
    expect(await ledger.sweeps.accountsInBucket(next, 10)).toEqual([])
  })

  test('stays in the minute of its first hold when it takes more', async () => {
    const { accountId, bucket } = await held()
    ledger.moveClock(60_000)
    await ledger.holds.reserve(ledger.reservation(accountId, 100n))
    expect(await bucketOf(accountId)).toBe(bucket)
  })

  test('that nobody made is not read', async () => {
    expect(await ledger.sweeps.readWallet(anAccountId())).toBeUndefined()
  })

  test('is one of at most as many as were asked for', async () => {
    const { bucket } = await held()
    for (let count = 0; count < 3; count += 1) {
      const order = ledger.reservation(await ledger.customer(1n), 1n)
      await ledger.holds.reserve(order)
    }
    expect(await ledger.sweeps.accountsInBucket(bucket, 3)).toHaveLength(3)
    expect(await ledger.sweeps.accountsInBucket(bucket, 10)).toHaveLength(4)
  })
})

describe('moving a wallet', () => {
  test('is seen in the index, and done by the first who tries', async () => {
    const { accountId, bucket } = await held()
    const move = { accountId, from: bucket, to: '2027-01-01T00:00' }
    const another = { ...move, to: '2027-01-01T00:01' }
    expect(await ledger.sweeps.moveBucket(move)).toBe(true)
    expect(await ledger.sweeps.moveBucket(another)).toBe(false)
    expect(await bucketOf(accountId)).toBe('2027-01-01T00:00')
    expect(await ledger.sweeps.accountsInBucket(bucket, 10)).toEqual([])
    expect(await ledger.sweeps.accountsInBucket('2027-01-01T00:00', 10)).toEqual([accountId])
  })

  test('out of the index is refused while a hold is open', async () => {
    const wallet = await held()
    const leave = { accountId: wallet.accountId, from: wallet.bucket }
    expect(await ledger.sweeps.leaveBuckets(leave)).toBe(false)
    expect(await bucketOf(wallet.accountId)).toBe(wallet.bucket)
    await settled(wallet)
    expect(await ledger.sweeps.leaveBuckets(leave)).toBe(true)
    expect(await bucketOf(wallet.accountId)).toBeUndefined()
    expect(await ledger.sweeps.accountsInBucket(wallet.bucket, 10)).toEqual([])
  })

  test('out of the index is refused from where it no longer is', async () => {
    const wallet = await held()
    await settled(wallet)
    const leave = { accountId: wallet.accountId, from: '2020-01-01T00:00' }
    expect(await ledger.sweeps.leaveBuckets(leave)).toBe(false)
    expect(await bucketOf(wallet.accountId)).toBe(wallet.bucket)
  })

  test('an account that does not exist makes none', async () => {
    const accountId = anAccountId()
    const from = '2027-01-01T00:00'
    expect(await ledger.sweeps.moveBucket({ accountId, from, to: from })).toBe(false)
    expect(await ledger.sweeps.leaveBuckets({ accountId, from })).toBe(false)
    expect(await ledger.sweeps.readWallet(accountId)).toBeUndefined()
  })
})

test('dropped counters are gone, the others and the money stay', async () => {
  const accountId = await ledger.customer(1_000n)
  const caps = { spendPerDay: 500n, spendPerMonth: 500n, requestsPerMinute: 5, concurrency: 5 }
  const order = ledger.reservation(accountId, 100n, caps)
  await ledger.holds.reserve(order)
  const [day, month, minute, running] = order.charges.map(({ name }) => name)
  const names = [day ?? '', minute ?? '', 'sd#9#20200101']
  await ledger.sweeps.dropCounters({ accountId, names, closedBefore: firstIdAt(0) })
  expect(await ledger.counters(accountId)).toEqual({ [month ?? '']: 100n, [running ?? '']: 1n })
  expect(await ledger.books(accountId)).toEqual({ available: 900n, held: 100n, spent: 0n })
})

test('the cursor is unknown until it is written, then the last one written', async () => {
  const { sweeps } = await openLedger(engine)
  expect(await sweeps.readCursor()).toBeUndefined()
  await sweeps.writeCursor('2026-11-21T05:10')
  await sweeps.writeCursor('2026-11-21T05:11')
  expect(await sweeps.readCursor()).toBe('2026-11-21T05:11')
})

describe("the database's clock", () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  test('is told by a client that has asked nothing before', async () => {
    const serverMs = await makeSweepStore(ledger.connect()).serverTimeMs()
    // The header has whole seconds.
    expect(Math.abs((serverMs ?? 0) - Date.now())).toBeLessThan(5_000)
  })

  test.each([3_600_000, -3_600_000])(
    'shows that ours has jumped by %i ms since the last reply',
    async (jumpMs) => {
      const store = makeSweepStore(ledger.connect())
      await store.readCursor()
      const trueMs = Date.now()
      vi.useFakeTimers({ toFake: ['Date'], now: trueMs + jumpMs })
      expect(Math.abs(((await store.serverTimeMs()) ?? 0) - trueMs)).toBeLessThan(5_000)
    },
  )
})
