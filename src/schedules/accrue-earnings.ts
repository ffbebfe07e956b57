/**
 * Closes and accrues every account's charges, round after round. It also ends expired holds that the
 * sweeper's index no longer shows: left open, they would keep everything behind them from accruing.
 */
import { type AccrueDeps, accrueAccount } from '../ledger/accrue.ts'
import type { ClosingStore } from '../ledger/journal-ports.ts'
import type { AccountStore } from '../ledger/ports.ts'
import { clockIsRight, type SweepDeps, sweepStray } from '../ledger/sweep.ts'
import type { FirstIdAt } from '../protocol/clock.ts'
import { walk } from './walk.ts'

export type AccrueEarningsDeps = AccrueDeps &
  SweepDeps & {
    readonly accounts: Pick<AccountStore, 'listAccounts'>
    readonly places: Pick<ClosingStore, 'readPlace' | 'writePlace'>
    readonly firstIdAt: FirstIdAt
  }

export type AccrueEarningsReport = {
  readonly accounts: number
  readonly decisions: number
  /** Expired holds that were ended on the way. */
  readonly released: number
  /** Accounts with charges left for the next round. */
  readonly incomplete: number
  readonly failed: number
  readonly stopped: 'done' | 'budget' | 'clock'
}

const schedule = 'accrue-earnings'
/** Leaves a minute and a half of five for the page that is under way. */
const runMs = 3.5 * 60_000
/** Beyond lease and grace: by then the sweeper has ended what nobody else did. */
const quietMs = 5 * 60_000

export async function accrueEarnings(deps: AccrueEarningsDeps): Promise<AccrueEarningsReport> {
  const report = { accounts: 0, decisions: 0, released: 0, incomplete: 0, failed: 0 }
  if (!(await clockIsRight(deps))) return { ...report, stopped: 'clock' }
  const startedAtMs = deps.nowMs()
  const before = deps.firstIdAt(startedAtMs - deps.leaseMs - deps.graceMs - quietMs)
  const isDone = await walk({
    from: await deps.places.readPlace(schedule),
    list: (page) => deps.accounts.listAccounts(page),
    isOver: () => deps.nowMs() - startedAtMs >= runMs,
    keepPlace: (place) => deps.places.writePlace(schedule, place),
    work: async ({ accountId }) => {
      report.accounts += 1
      try {
        const wallet = await deps.sweepStore.readWallet(accountId)
        if (!wallet) return
        report.released += await sweepStray(deps, wallet)
        const { decisions, isComplete } = await accrueAccount(deps, accountId, before)
        report.decisions += decisions
        if (!isComplete) report.incomplete += 1
      } catch (error) {
        // One account that fails an invariant must not keep all other hosts waiting.
        report.failed += 1
        deps.onFailure({ accountId, error })
      }
    },
  })
  return { ...report, stopped: isDone ? 'done' : 'budget' }
}
