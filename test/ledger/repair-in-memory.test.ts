// Wallets that are swept out of turn: by a reserve that was refused, and by whoever walks all of them.
import { beforeEach, describe, expect, test } from 'vitest'
import type { SweepStore } from '../../src/ledger/ports.ts'
import { repairWallet, type SweepDeps, sweepStray } from '../../src/ledger/sweep.ts'
import { graceMs, leaseMs } from '../model/real-ledger.ts'
import { openMemoryLedger, type QuickLedger } from './open-memory-ledger.ts'

const minuteMs = 60_000

let ledger: QuickLedger
let accountId: string
beforeEach(async () => {
  ledger = openMemoryLedger()
  accountId = await ledger.customer(1_000n)
})

const withStore = (changes: Partial<SweepStore>): SweepDeps => ({
  ...ledger.sweeping,
  sweepStore: { ...ledger.sweeping.sweepStore, ...changes },
})
const past = (minutes = 0) => ledger.moveClock(leaseMs + graceMs + minutes * minuteMs)

describe('repairing a wallet', () => {
  const repair = async (deps: SweepDeps = ledger.sweeping) =>
    repairWallet(deps, await ledger.wallet(accountId))

  test('ends its expired holds, and says whether money came free', async () => {
    await ledger.take(accountId, 100n)
    past()
    expect(await repair()).toBe(true)
    expect(await ledger.wallet(accountId)).toMatchObject({ held: 0n })
    expect(await repair()).toBe(false)
  })

  test('leaves holds alone that may be in use, and asks no clock for them', async () => {
    await ledger.take(accountId, 100n)
    let asked = 0
    const serverTimeMs = async () => {
      asked += 1
      return ledger.nowMs()
    }
    expect(await repair(withStore({ serverTimeMs }))).toBe(false)
    expect(asked).toBe(0)
    past()
    expect(await repair(withStore({ serverTimeMs }))).toBe(true)
    expect(asked).toBe(1)
  })

  test.each<[string, SweepStore['serverTimeMs']]>([
    ['is wrong', async () => 0],
    [
      'cannot be compared',
      async () => {
        throw new Error('unreachable')
      },
    ],
  ])('does nothing while the clock %s', async (_, serverTimeMs) => {
    await ledger.take(accountId, 100n)
    past()
    expect(await repair(withStore({ serverTimeMs }))).toBe(false)
    expect(await ledger.wallet(accountId)).toMatchObject({ held: 100n })
  })

  test('has freed nothing where no money is known to have moved', async () => {
    await ledger.take(accountId, 100n)
    past()
    const settle = async () => ({ kind: 'unknown' }) as const
    const store = { ...ledger.sweeping.store, settle }
    expect(await repair({ ...ledger.sweeping, store })).toBe(false)
  })
})

describe('a wallet met on the way', () => {
  const moves: string[] = []
  const meet = async (changes: Partial<SweepStore> = {}) => {
    moves.length = 0
    const store = ledger.memory.sweeps
    const watched = {
      moveBucket: (move: Parameters<SweepStore['moveBucket']>[0]) => {
        moves.push(`from ${move.from} to ${move.to}`)
        return store.moveBucket(move)
      },
      leaveBuckets: (leave: Parameters<SweepStore['leaveBuckets']>[0]) => {
        moves.push(`from ${leave.from}`)
        return store.leaveBuckets(leave)
      },
    }
    return sweepStray(withStore({ ...watched, ...changes }), await ledger.wallet(accountId))
  }
  const bucketAt = (timeMs: number) => new Date(timeMs).toISOString().slice(0, 16)

  test('without holds is let be', async () => {
    expect(await meet()).toBe(0)
    expect(moves).toEqual([])
  })

  test.each([0, 14])('%i minutes late is ended, and left to the sweeper', async (minutes) => {
    await ledger.take(accountId, 100n)
    past(minutes)
    expect(await meet()).toBe(1)
    expect(moves).toEqual([])
  })

  test('later than the sweeper looks is brought back into its sight', async () => {
    const { hold } = await ledger.take(accountId, 100n)
    const bucket = bucketAt(hold.expiresAtSec * 1000)
    past(16)
    const next = await ledger.take(accountId, 100n)
    expect(await meet()).toBe(1)
    expect(moves).toEqual([`from ${bucket} to ${bucketAt(next.hold.expiresAtSec * 1000)}`])
  })

  test('later than that and without holds leaves the index', async () => {
    const { hold } = await ledger.take(accountId, 100n)
    past(16)
    expect(await meet()).toBe(1)
    expect(moves).toEqual([`from ${bucketAt(hold.expiresAtSec * 1000)}`])
    expect(await ledger.wallet(accountId)).toMatchObject({ sweepBucket: undefined })
  })

  test.each([
    ['somebody else brought it back', async () => ({ sweepBucket: 'elsewhere' })],
    ['it is gone', async () => undefined],
  ])('stays where %s meanwhile', async (_, change) => {
    await ledger.take(accountId, 100n)
    past(16)
    const readWallet = async (id: string) => {
      const changed = await change()
      return changed && { ...(await ledger.wallet(id)), ...changed }
    }
    expect(await meet({ readWallet })).toBe(1)
    expect(moves).toEqual([])
  })

  test('at the edge of what the sweeper still looks at is left to it', async () => {
    const { hold } = await ledger.take(accountId, 100n)
    const expiryMs = hold.expiresAtSec * 1000
    const minuteEndMs = (Math.floor(expiryMs / minuteMs) + 1) * minuteMs
    ledger.setClock(minuteEndMs - 1 + graceMs + 15 * minuteMs)
    expect(await meet()).toBe(1)
    expect(moves).toEqual([])
  })
})
