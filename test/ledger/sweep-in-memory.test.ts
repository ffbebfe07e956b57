// Where a sweep looks, how far it comes and what it leaves to the next one, seen from its store.
import { beforeEach, describe, expect, test } from 'vitest'
import type { SweepStore } from '../../src/ledger/ports.ts'
import { type SweepDeps, sweep } from '../../src/ledger/sweep.ts'
import { graceMs, leaseMs } from '../model/real-ledger.ts'
import { openMemoryLedger, type QuickLedger } from './open-memory-ledger.ts'

const minuteMs = 60_000

let ledger: QuickLedger
/** Every call of the sweep on its store but the reading of wallets, in words. */
let calls: string[]
beforeEach(() => {
  ledger = openMemoryLedger()
  calls = []
})

const bucketAt = (timeMs: number) => new Date(timeMs).toISOString().slice(0, 16)
/** The minute that became due so many minutes ago. */
const due = (minutesAgo: number) => bucketAt(ledger.nowMs() - graceMs - minutesAgo * minuteMs)

function watched(changes: Partial<SweepStore> = {}): SweepStore {
  const store: SweepStore = { ...ledger.sweeping.sweepStore, ...changes }
  return {
    ...store,
    accountsInBucket: (bucket, limit) => {
      calls.push(`look at ${bucket} for ${limit}`)
      return store.accountsInBucket(bucket, limit)
    },
    writeCursor: (bucket) => {
      calls.push(`cursor ${bucket}`)
      return store.writeCursor(bucket)
    },
    moveBucket: (move) => {
      calls.push(`move from ${move.from} to ${move.to}`)
      return store.moveBucket(move)
    },
    leaveBuckets: (leave) => {
      calls.push(`leave ${leave.from}`)
      return store.leaveBuckets(leave)
    },
    dropCounters: (drop) => {
      calls.push(`drop ${drop.names}`)
      return store.dropCounters(drop)
    },
  }
}
const run = (changes: Partial<SweepStore> = {}, deps: Partial<SweepDeps> = {}) =>
  sweep({ ...ledger.sweeping, ...deps, sweepStore: watched(changes) })
const called = (what: string) => calls.filter((call) => call.startsWith(what))
const cursorAt = (minutesAgo: number) => ledger.memory.sweeps.writeCursor(due(minutesAgo))

/** A wallet whose only hold expires in the minute that becomes due after so many minutes. */
async function lost(amount = 100n) {
  const accountId = await ledger.customer(1_000n)
  const { holdId, hold } = await ledger.take(accountId, amount)
  return { accountId, holdId, hold, bucket: bucketAt(hold.expiresAtSec * 1000) }
}
const past = (minutes: number) => ledger.moveClock(leaseMs + graceMs + minutes * minuteMs)

describe('a sweep looks', () => {
  test('two hours back where there is no cursor', async () => {
    await run()
    expect(called('look').at(0)).toBe(
      `look at ${bucketAt(ledger.nowMs() - 120 * minuteMs)} for 500`,
    )
    expect(called('look').at(-1)).toBe(`look at ${due(0)} for 500`)
    expect(called('look')).toHaveLength(119)
  })

  test('from its cursor on, where that is far behind', async () => {
    await cursorAt(30)
    await run()
    expect(called('look').at(0)).toBe(`look at ${due(30)} for 500`)
    expect(called('look')).toHaveLength(31)
  })

  test('again at the last 15 minutes, where its cursor is near', async () => {
    await cursorAt(3)
    await run()
    expect(called('look').at(0)).toBe(`look at ${due(15)} for 500`)
    expect(called('look')).toHaveLength(16)
  })

  test('at every minute up to the one that is due now, and moves the cursor there', async () => {
    await cursorAt(3)
    expect(await run()).toEqual({
      buckets: 16,
      wallets: 0,
      released: 0,
      failed: 0,
      behindMs: 0,
      stopped: 'done',
    })
    expect(called('cursor')).toEqual([2, 1, 0].map((minutes) => `cursor ${due(minutes)}`))
    calls = []
    await run()
    expect(called('cursor')).toEqual([])
  })

  test('at 240 minutes at the most, and goes on from there', async () => {
    await cursorAt(240)
    expect(await run()).toMatchObject({ buckets: 240, stopped: 'budget' })
    expect(await ledger.memory.sweeps.readCursor()).toBe(due(0))
    await cursorAt(239)
    expect(await run()).toMatchObject({ buckets: 240, stopped: 'done' })
  })

  test('nowhere while its clock is more than a minute off', async () => {
    for (const offMs of [-60_001, 60_001]) {
      const serverTimeMs = async () => ledger.nowMs() + offMs
      const report = { buckets: 0, wallets: 0, released: 0, failed: 0, stopped: 'clock' }
      expect(await run({ serverTimeMs })).toEqual(report)
    }
    expect(calls).toEqual([])
  })

  test.each([-60_000, 0, 60_000, undefined])(
    'with a clock that is off by %s ms, or that nothing is known of',
    async (offMs) => {
      const serverTimeMs = async () => (offMs === undefined ? offMs : ledger.nowMs() + offMs)
      expect(await run({ serverTimeMs })).toMatchObject({ stopped: 'done' })
    },
  )
})

describe('a sweep of many wallets', () => {
  const nobody = Array.from({ length: 500 }, (_, index) => `acct_${index}`)

  test('ends at 500, and does not pass a minute that may have more', async () => {
    await cursorAt(20)
    const accountsInBucket = async (bucket: string) => (bucket === due(18) ? nobody : [])
    expect(await run({ accountsInBucket })).toEqual({
      buckets: 3,
      wallets: 500,
      released: 0,
      failed: 0,
      behindMs: 18 * 60_000,
      stopped: 'budget',
    })
    expect(await ledger.memory.sweeps.readCursor()).toBe(due(18))
  })

  test('asks a minute for no more than are left, and passes it when it had fewer', async () => {
    await cursorAt(20)
    const accountsInBucket = async (bucket: string) => (bucket === due(18) ? nobody.slice(1) : [])
    expect(await run({ accountsInBucket })).toMatchObject({ wallets: 499, stopped: 'done' })
    expect(called('look')[2]).toBe(`look at ${due(18)} for 500`)
    expect(called('look')[3]).toBe(`look at ${due(17)} for 1`)
    expect(await ledger.memory.sweeps.readCursor()).toBe(due(0))
  })

  test('passes no minute after one that may have more', async () => {
    await cursorAt(20)
    const accountsInBucket = async (bucket: string, limit: number) =>
      bucket === due(20) ? nobody.slice(0, 400) : bucket === due(19) ? nobody.slice(0, limit) : []
    await run({ accountsInBucket })
    expect(called('cursor')).toEqual([`cursor ${due(19)}`])
  })
})

describe('a wallet that cannot be swept', () => {
  test('is told of, put off by a minute, and holds up nobody', async () => {
    const [broken, sound] = [await lost(), await lost()]
    past(16)
    await ledger.memory.sweeps.writeCursor(broken.bucket)
    const error = new Error('unreadable')
    const told: unknown[] = []
    const readWallet = async (accountId: string) => {
      if (accountId === broken.accountId) throw error
      return ledger.memory.sweeps.readWallet(accountId)
    }
    const onFailure: SweepDeps['onFailure'] = (failure) => told.push(failure)
    const report = { wallets: 2, released: 1, failed: 1, stopped: 'done' }
    expect(await run({ readWallet }, { onFailure })).toMatchObject(report)
    expect(told).toEqual([{ accountId: broken.accountId, error }])
    expect(called('move')).toEqual([`move from ${broken.bucket} to ${due(-1)}`])
    expect(await ledger.memory.sweeps.readCursor()).toBe(due(0))
    expect(await ledger.wallet(sound.accountId)).toMatchObject({ held: 0n })
  })

  test('and cannot be put off either keeps the cursor where it is', async () => {
    const broken = await lost()
    past(16)
    await ledger.memory.sweeps.writeCursor(broken.bucket)
    const fail = async () => {
      throw new Error('unreachable')
    }
    const report = await run({ readWallet: fail, moveBucket: fail })
    expect(report).toMatchObject({ failed: 1, stopped: 'done' })
    expect(called('cursor')).toEqual([])
    expect(await run()).toMatchObject({ released: 1, failed: 0 })
  })

  test('since it is gone is passed by', async () => {
    const gone = await lost()
    past(0)
    ledger.memory.state.wallets.delete(gone.accountId)
    const accountsInBucket = async (bucket: string) =>
      bucket === gone.bucket ? [gone.accountId] : []
    expect(await run({ accountsInBucket })).toMatchObject({ wallets: 1, released: 0, failed: 0 })
  })

  test('to its end since it is gone meanwhile counts what it released', async () => {
    const { accountId } = await lost()
    past(0)
    const reads = [await ledger.wallet(accountId), undefined]
    const report = await run({ readWallet: async () => reads.shift() })
    expect(report).toMatchObject({ released: 1, failed: 0 })
  })
})

describe('a wallet that was swept', () => {
  test('leaves the index once it has no hold', async () => {
    const { bucket } = await lost()
    past(0)
    await run()
    expect(called('leave')).toEqual([`leave ${bucket}`])
    expect(called('move')).toEqual([])
  })

  test('is looked at a minute later where a hold was taken meanwhile', async () => {
    const { bucket } = await lost()
    past(0)
    await run({ leaveBuckets: async () => false })
    expect(called('move')).toEqual([`move from ${bucket} to ${due(-1)}`])
  })

  test('moves to the minute of the earliest hold that it still has', async () => {
    const { accountId, bucket } = await lost()
    ledger.moveClock(2 * minuteMs)
    const next = await ledger.take(accountId, 1n)
    ledger.moveClock(2 * minuteMs)
    await ledger.take(accountId, 1n)
    ledger.moveClock(leaseMs + graceMs - 4 * minuteMs)
    await run()
    const to = bucketAt(next.hold.expiresAtSec * 1000)
    expect(called('move')).toEqual([`move from ${bucket} to ${to}`])
    expect(called('leave')).toEqual([])
  })

  test('with a hold that could not be ended moves to the minute that is due now', async () => {
    const { bucket } = await lost()
    past(2)
    const settle = async () => ({ kind: 'unknown' }) as const
    const store = { ...ledger.sweeping.store, settle }
    expect(await run({}, { store })).toMatchObject({ released: 0, failed: 0 })
    expect(called('move')).toEqual([`move from ${bucket} to ${due(0)}`])
    calls = []
    expect(await run({}, { store })).toMatchObject({ released: 0 })
    expect(called('move')).toEqual([])
    expect(await run()).toMatchObject({ released: 1 })
  })

  test('whose decision is not known is not counted either', async () => {
    await lost()
    past(0)
    const decide = async () => ({ kind: 'unknown' }) as const
    const store = { ...ledger.sweeping.store, decide }
    expect(await run({}, { store })).toMatchObject({ released: 0, failed: 0 })
    expect(await run()).toMatchObject({ released: 1 })
  })

  test('stays where somebody moved it meanwhile', async () => {
    const { accountId } = await lost()
    past(0)
    const before = await ledger.wallet(accountId)
    const reads = [before, { ...before, sweepBucket: 'elsewhere' }]
    await run({ readWallet: async () => reads.shift() })
    expect([...called('leave'), ...called('move')]).toEqual([])
  })
})

describe('counters of periods that are over', () => {
  async function counted(...names: readonly string[]) {
    const wallet = await lost()
    const { state } = ledger.memory
    const found = await ledger.wallet(wallet.accountId)
    const counters = new Map(names.map((name) => [name, 1n]))
    state.wallets.set(wallet.accountId, { ...found, counters })
    past(0)
    return wallet.accountId
  }

  test('are dropped, and the wallet is closed up to where they ended', async () => {
    const accountId = await counted('sd#1#20260101', 'sm#1#202601', 'sd#1#20990101', 'cc#1')
    await run()
    expect(called('drop')).toEqual(['drop sd#1#20260101,sm#1#202601'])
    const wallet = await ledger.wallet(accountId)
    expect([...wallet.counters.keys()]).toEqual(['sd#1#20990101', 'cc#1'])
    const endedMs = ledger.nowMs() - leaseMs - minuteMs
    expect(wallet.closedBefore).toBe(ledger.sweeping.firstIdAt(endedMs))
  })

  test('never open a wallet that is closed further', async () => {
    const accountId = await counted('sd#1#20260101')
    const further = ledger.sweeping.firstIdAt(ledger.nowMs())
    await ledger.memory.closing.closeBefore(accountId, further)
    await run()
    expect(await ledger.wallet(accountId)).toMatchObject({ closedBefore: further })
  })

  test('are dropped a hundred at a time', async () => {
    const names = Array.from({ length: 101 }, (_, index) => `sd#${index}#20260101`)
    const accountId = await counted(...names)
    await run()
    expect((await ledger.wallet(accountId)).counters.size).toBe(1)
  })

  test('cost no write where there are none', async () => {
    await counted('sd#1#20990101')
    await run()
    expect(called('drop')).toEqual([])
  })
})
