/**
 * The wallet: what a customer may still spend, what is held for running requests, what was spent.
 * It lives in one item, so that one conditional write can check and change all of it at once.
 */
import type { NanoUsd } from '../money/nano-usd.ts'
import { assert } from '../protocol/assert.ts'

export type Hold = {
  readonly amount: NanoUsd
  /** Made once by the reserving gateway: deadline plus margin. Never renewed. */
  readonly expiresAtSec: number
  /** Tells this request's hold from any other under the same id; begins with its retry tag. */
  readonly nonce: string
  readonly priceVersion: number
  /** Undefined in holds of requests that no counter had to know of, from before keys were named. */
  readonly counted: CountedUse | undefined
}

/** Whose hold it is and which counters know of it (`counters.ts`); periods follow from its id's time. */
export type CountedUse = {
  readonly keyOrdinal: number
  readonly spendDay: boolean
  readonly spendMonth: boolean
  readonly concurrency: boolean
  /** Tokens added to the minute's; undefined where tokens are not counted. */
  readonly tokens: number | undefined
}

export type Wallet = {
  readonly accountId: string
  readonly status: 'active' | 'suspended'
  readonly available: NanoUsd
  readonly held: NanoUsd
  readonly spent: NanoUsd
  /** All money that ever came in, less what left other than by charges. */
  readonly funded: NanoUsd
  /** The part of it that we gave: charges use it up first, and earn hosts nothing. */
  readonly granted: NanoUsd
  readonly holds: ReadonlyMap<string, Hold>
  /** Counter name → value, for the periods still on the item. */
  readonly counters: ReadonlyMap<string, bigint>
  readonly revokedKeyOrdinals: ReadonlySet<number>
  /** By key ordinal, the oldest of its secrets that still pays; keys with one secret are missing. */
  readonly oldestSecrets: ReadonlyMap<number, number>
  /** By key ordinal, the version of the key that brought the limits in force; as made, it is missing. */
  readonly limitVersions: ReadonlyMap<number, number>
  readonly sweepBucket: string | undefined
  /**
   * No hold with an earlier id is ever taken again, so that what stands before it is final. Hold ids
   * sort by time; the accrual moves this on.
   */
  readonly closedBefore: string | undefined
}

/** S1–S3 of the ledger's promises; checked on every wallet that is read. */
export function assertWallet(wallet: Wallet): void {
  const { accountId, available, held, spent, funded, granted } = wallet
  const open = [...wallet.holds.values()].reduce((sum, hold) => sum + hold.amount, 0n)
  const amounts = [available, held, spent, granted]
  assert(
    amounts.every((amount) => amount >= 0n),
    'S1 no negative amounts',
    { accountId },
  )
  assert(available + held + spent === funded, 'S2 conservation', { accountId, funded })
  assert(held === open, 'S3 held is the sum of open holds', { accountId, held, open })
}

/** The bucket of the minute in which a hold expires: `2026-11-21T05:10`. */
export function sweepBucketOf(expiresAtSec: number): string {
  return new Date(expiresAtSec * 1000).toISOString().slice(0, 16)
}
