/**
 * The sweeper rolls forward what crashed gateways left: it decides `expired` for holds past their
 * lease, or applies the decision it finds. Clocks say when it tries, never what is right.
 */
import type { FirstIdAt } from '../protocol/clock.ts'
import { clockErrorMsMax, staleCounters } from './counters.ts'
import { type FinishDeps, finishHold } from './finish.ts'
import type { Decision, SweepStore } from './ports.ts'
import { type Hold, sweepBucketOf, type Wallet } from './wallet.ts'

const bucketsPerRun = 240
const walletsPerRun = 500
const countersPerRun = 100
const bucketMs = 60_000
/** Without a cursor nothing was ever swept: the deployment is new, and so are its holds. */
const firstRunLooksBackMs = 2 * 60 * bucketMs
/**
 * Behind the cursor, every run looks again: a gateway that stood still between making out a hold and
 * writing it puts its wallet into a minute that was passed. No function lives longer than this.
 */
const lateReserveMsMax = 15 * bucketMs

export type SweepDeps = FinishDeps & {
  readonly sweepStore: SweepStore
  /** Deadline plus margin of every hold: no counter of a period is dropped before it. */
  readonly leaseMs: number
  readonly firstIdAt: FirstIdAt
  /** Waited beyond a hold's expiry, so that two clocks 60 s off cannot cut a lease short. */
  readonly graceMs: number
  /** The decision that ends an expired hold: charge 0 and a signed receipt. */
  readonly expire: (accountId: string, holdId: string, hold: Hold) => Decision
  readonly onFailure: (failure: { readonly accountId: string; readonly error: unknown }) => void
}

export type SweepReport = {
  readonly buckets: number
  readonly wallets: number
  readonly released: number
  /** Wallets that could not be swept; every run looks at them again until they can. */
  readonly failed: number
  /** From the minute that was swept last to the one that was due; unknown to a clock that is wrong. */
  readonly behindMs?: number
  readonly stopped: 'done' | 'budget' | 'clock'
}

/** One bounded run over all due buckets; the next run resumes where this one stopped. */
export async function sweep(deps: SweepDeps): Promise<SweepReport> {
  const report = { buckets: 0, wallets: 0, released: 0, failed: 0 }
  const nowMs = deps.nowMs()
  if (!(await clockIsRight(deps))) return { ...report, stopped: 'clock' }
  const lastDue = bucketOf(nowMs - deps.graceMs)
  const cursor = (await deps.sweepStore.readCursor()) ?? bucketOf(nowMs - firstRunLooksBackMs)
  const lookBack = bucketOf(nowMs - deps.graceMs - lateReserveMsMax)
  const from = cursor < lookBack ? cursor : lookBack
  let isPassable = true
  let reached = cursor
  const behindMs = () => Math.max(0, startMsOf(lastDue) - startMsOf(reached))
  for (let bucket = from; bucket <= lastDue; bucket = nextBucket(bucket)) {
    if (report.buckets >= bucketsPerRun || report.wallets >= walletsPerRun) {
      return { ...report, behindMs: behindMs(), stopped: 'budget' }
    }
    const room = walletsPerRun - report.wallets
    const accounts = await deps.sweepStore.accountsInBucket(bucket, room)
    for (const accountId of accounts) {
      const swept = await sweepAccount(deps, accountId, { bucket, lastDue })
      if (swept.kind === 'swept') report.released += swept.released
      else report.failed += 1
      isPassable &&= swept.kind === 'swept' || swept.isPostponed
    }
    report.wallets += accounts.length
    report.buckets += 1
    isPassable &&= accounts.length < room
    // The last due minute can still receive wallets, so the cursor never passes it.
    const isAhead = bucket >= cursor && bucket < lastDue
    if (!isPassable || !isAhead) continue
    reached = nextBucket(bucket)
    await deps.sweepStore.writeCursor(reached)
  }
  return { ...report, behindMs: behindMs(), stopped: 'done' }
}

/** A clock that is further off the database's is not to be trusted with other people's money. */
export async function clockIsRight({
  sweepStore,
  nowMs,
}: Pick<SweepDeps, 'sweepStore' | 'nowMs'>): Promise<boolean> {
  const serverMs = await sweepStore.serverTimeMs()
  return serverMs === undefined || Math.abs(serverMs - nowMs()) <= clockErrorMsMax
}

/**
 * For a reserve that was refused: whether any money came free. A store that cannot be reached, or a
 * clock that is wrong, leaves the wallet to the schedule.
 */
export async function repairWallet(deps: SweepDeps, wallet: Wallet): Promise<boolean> {
  const isDue = [...wallet.holds.values()].some((hold) => isExpired(deps, hold))
  const mayAct = isDue && (await clockIsRight(deps).catch(() => false))
  return mayAct && (await sweepWallet(deps, wallet)) > 0
}

/** Ends the expired holds of one wallet; how many it ended. */
export async function sweepWallet(deps: SweepDeps, wallet: Wallet): Promise<number> {
  let released = 0
  for (const [holdId, hold] of wallet.holds) {
    if (!isExpired(deps, hold)) continue
    const finished = await finishHold(deps, hold, deps.expire(wallet.accountId, holdId, hold))
    if (finished.kind === 'finished' && finished.isSettled) released += 1
  }
  return released
}

/**
 * For whoever walks all wallets: ends what has expired, and brings a wallet back into sight whose
 * minute the sweeper has left behind for good.
 */
export async function sweepStray(deps: SweepDeps, wallet: Wallet): Promise<number> {
  const released = await sweepWallet(deps, wallet)
  const { accountId, sweepBucket: bucket } = wallet
  const lastDue = bucketOf(deps.nowMs() - deps.graceMs)
  const inSight = bucketOf(deps.nowMs() - deps.graceMs - lateReserveMsMax)
  if (bucket === undefined || bucket >= inSight) return released
  const after = await deps.sweepStore.readWallet(accountId)
  if (after?.sweepBucket === bucket) await moveOn(deps.sweepStore, after, { bucket, lastDue })
  return released
}

function isExpired({ nowMs, graceMs }: SweepDeps, { expiresAtSec }: Hold): boolean {
  return expiresAtSec * 1000 <= nowMs() - graceMs
}

type Swept =
  | { readonly kind: 'swept'; readonly released: number }
  | { readonly kind: 'failed'; readonly isPostponed: boolean }

async function sweepAccount(
  deps: SweepDeps,
  accountId: string,
  at: { readonly bucket: string; readonly lastDue: string },
): Promise<Swept> {
  try {
    const wallet = await deps.sweepStore.readWallet(accountId)
    if (!wallet) return { kind: 'swept', released: 0 }
    const released = await sweepWallet(deps, wallet)
    const after = await deps.sweepStore.readWallet(accountId)
    if (!after) return { kind: 'swept', released }
    if (after.sweepBucket === at.bucket) await moveOn(deps.sweepStore, after, at)
    await dropStaleCounters(deps, after)
    return { kind: 'swept', released }
  } catch (error) {
    // One wallet that fails an invariant must not keep the money of all others held.
    deps.onFailure({ accountId, error })
    return { kind: 'failed', isPostponed: await postpone(deps.sweepStore, accountId, at) }
  }
}

/** A hold of a dropped period would count from zero again, so none is taken any more. */
async function dropStaleCounters(deps: SweepDeps, wallet: Wallet): Promise<void> {
  const { accountId, counters, closedBefore = '' } = wallet
  const endedMs = deps.nowMs() - deps.leaseMs - clockErrorMsMax
  const names = staleCounters(counters.keys(), endedMs).slice(0, countersPerRun)
  if (names.length === 0) return
  const ended = deps.firstIdAt(endedMs)
  const further = closedBefore > ended ? closedBefore : ended
  await deps.sweepStore.dropCounters({ accountId, names, closedBefore: further })
}

/** To the next minute, so that it holds up no cursor; false where not even that can be written. */
function postpone(
  store: SweepStore,
  accountId: string,
  { bucket, lastDue }: { readonly bucket: string; readonly lastDue: string },
): Promise<boolean> {
  const move = { accountId, from: bucket, to: nextBucket(lastDue) }
  return store.moveBucket(move).then(
    () => true,
    () => false,
  )
}

/**
 * To the bucket of the earliest open hold, but never behind the cursor; out of the index without
 * holds. The store refuses the latter if a hold was taken since the read; then the wallet is
 * looked at again in a minute.
 */
async function moveOn(
  store: SweepStore,
  wallet: Wallet,
  { bucket, lastDue }: { readonly bucket: string; readonly lastDue: string },
): Promise<void> {
  const { accountId } = wallet
  const expiries = [...wallet.holds.values()].map((hold) => hold.expiresAtSec)
  if (expiries.length === 0) {
    if (await store.leaveBuckets({ accountId, from: bucket })) return
    await store.moveBucket({ accountId, from: bucket, to: nextBucket(lastDue) })
    return
  }
  const earliest = sweepBucketOf(Math.min(...expiries))
  const to = earliest > lastDue ? earliest : lastDue
  if (to !== bucket) await store.moveBucket({ accountId, from: bucket, to })
}

const bucketOf = (timeMs: number): string => sweepBucketOf(Math.floor(timeMs / 1000))

const startMsOf = (bucket: string): number => Date.parse(`${bucket}:00Z`)

const nextBucket = (bucket: string): string => bucketOf(startMsOf(bucket) + bucketMs)
