/** A ledger that was swept until now, its sweeper, and gateways that crash with a hold taken. */
import { expect } from 'vitest'
import type { Reservation, SweepStore } from '../../src/ledger/ports.ts'
import { type SweepDeps, type SweepReport, sweep } from '../../src/ledger/sweep.ts'
import { sweepBucketOf } from '../../src/ledger/wallet.ts'
import type { EmbeddedDynamodb } from '../support/embedded-dynamodb.ts'
import { graceMs, minuteMs, openLedger } from './open-ledger.ts'

/** Longer than the sweeper looks back behind its cursor. */
export const longMs = 20 * minuteMs

export const bucketAt = (timeMs: number): string => sweepBucketOf(Math.floor(timeMs / 1000))

export type SweptLedger = Awaited<ReturnType<typeof openSweptLedger>>

export async function openSweptLedger(engine: EmbeddedDynamodb) {
  const ledger = await openLedger(engine)
  await ledger.sweeps.writeCursor(bucketAt(ledger.nowMs() - graceMs))
  return {
    ...ledger,
    /** A gateway takes a hold of 100 and is never heard of again. */
    crashed: async (accountId?: string): Promise<Reservation> => {
      const order = ledger.reservation(accountId ?? (await ledger.customer(1_000n)), 100n)
      expect(await ledger.holds.reserve(order)).toMatchObject({ kind: 'held' })
      return order
    },
    run: (changes: Partial<SweepDeps> = {}): Promise<SweepReport> =>
      sweep({ ...ledger.sweeping, ...changes }),
    withStore: (changes: Partial<SweepStore>): Partial<SweepDeps> => ({
      sweepStore: { ...ledger.sweeping.sweepStore, ...changes },
    }),
    bucketOfWallet: async (accountId: string) =>
      (await ledger.sweeps.readWallet(accountId))?.sweepBucket,
    statusOf: async ({ accountId, holdId }: Reservation) =>
      (await ledger.receipts.readReceipt(accountId, holdId))?.receipt.body.result.status,
  }
}
