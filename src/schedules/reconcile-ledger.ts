/**
 * Re-proves the books of all customers and all nodes from the journal, round after round. A run is
 * bounded and the next one goes on where it stopped, inside an account if need be.
 */
import type { JournalStore } from '../ledger/journal-ports.ts'
import type { AccountStore } from '../ledger/ports.ts'
import { proveAccount } from '../ledger/reconcile/account.ts'
import type { ProveDeps, Proven, Visit } from '../ledger/reconcile/deps.ts'
import { proveNode } from '../ledger/reconcile/node.ts'
import type { Budget, DiscrepancyOf, ReconcileMetrics } from '../ledger/reconcile/ports.ts'
import { clockIsRight, type SweepDeps } from '../ledger/sweep.ts'
import { walk } from './walk.ts'

export type ReconcileLedgerDeps = ProveDeps & {
  readonly accounts: Pick<AccountStore, 'listAccounts'>
  readonly journal: Pick<JournalStore, 'listEarners'>
  readonly sweepStore: SweepDeps['sweepStore']
  readonly metrics: ReconcileMetrics
  readonly onDiscrepancy: (discrepancy: DiscrepancyOf) => void
  readonly onFailure: (failure: { readonly subject: string; readonly error: unknown }) => void
  readonly bounds: ReconcileBounds
}

/** Records are receipts and entries. */
export type ReconcileBounds = {
  readonly recordsPerRun: number
  /** Of one account or node, so that a large one does not keep all others waiting. */
  readonly recordsPerVisit: number
  readonly runMs: number
}

export type ReconcileLedgerReport = {
  readonly accounts: number
  readonly nodes: number
  /** Accounts and nodes that the next round goes on with. */
  readonly unfinished: number
  /** Those whose entries never stood still while they were looked at. */
  readonly contended: number
  /** Those that could not be looked at. */
  readonly failed: number
  readonly discrepancies: number
  readonly stopped: 'done' | 'budget' | 'clock'
}

const schedule = 'reconcile-ledger'

export async function reconcileLedger(deps: ReconcileLedgerDeps): Promise<ReconcileLedgerReport> {
  const report = {
    accounts: 0,
    nodes: 0,
    unfinished: 0,
    contended: 0,
    failed: 0,
    discrepancies: 0,
  }
  if (!(await clockIsRight(deps))) return { ...report, stopped: 'clock' }
  const run = runBudget(deps)
  const prove = async (
    subject: { readonly accountId: string } | { readonly nodeId: string },
    proof: (visit: Visit) => Promise<Proven>,
  ): Promise<Proven | 'failed'> => {
    const onDiscrepancy: Visit['onDiscrepancy'] = (discrepancy) => {
      report.discrepancies += 1
      deps.onDiscrepancy({ ...subject, ...discrepancy })
    }
    const budget = visitBudget(run, deps.bounds.recordsPerVisit)
    try {
      const proven = await proof({ budget, onDiscrepancy })
      if (proven !== 'proven') report[proven] += 1
      return proven
    } catch (error) {
      // What keeps one account from being looked at must not hide the others.
      report.failed += 1
      deps.onFailure({ subject: Object.values(subject).join(), error })
      return 'failed'
    }
  }
  const isDone = await walkAll(deps, run, {
    account: async (accountId) => {
      const proven = await prove({ accountId }, (visit) => proveAccount(deps, accountId, visit))
      if (proven === 'proven') report.accounts += 1
    },
    node: async (nodeId) => {
      const proven = await prove({ nodeId }, (visit) => proveNode(deps, nodeId, visit))
      if (proven === 'proven') report.nodes += 1
    },
  }).catch((error: unknown) => {
    // Without a number the alarm tells that nobody looks; one that was found must be told first.
    if (report.discrepancies > 0) deps.metrics.publish(report)
    throw error
  })
  const seen = report.accounts + report.nodes + report.unfinished + report.contended
  if (report.failed > 0 && seen === 0) {
    throw new Error(`None of ${report.failed} accounts and nodes could be looked at.`)
  }
  deps.metrics.publish(report)
  return { ...report, stopped: isDone ? 'done' : 'budget' }
}

type Provers = {
  readonly account: (accountId: string) => Promise<void>
  readonly node: (nodeId: string) => Promise<void>
}

/** Accounts first, then nodes. The place names which of the two, and where in it. */
async function walkAll(deps: ReconcileLedgerDeps, run: Budget, prove: Provers): Promise<boolean> {
  const [part, from] = ((await deps.places.readPlace(schedule)) ?? 'accounts').split(' ')
  const keep = (place: string | undefined) => deps.places.writePlace(schedule, place)
  if (part === 'accounts') {
    const isThrough = await walk({
      from,
      list: (page) => deps.accounts.listAccounts(page),
      work: ({ accountId }) => prove.account(accountId),
      isOver: run.isSpent,
      keepPlace: (place) => keep(place === undefined ? 'nodes' : `accounts ${place}`),
    })
    if (!isThrough || run.isSpent()) return false
  }
  return walk({
    from: part === 'nodes' ? from : undefined,
    list: (page) => deps.journal.listEarners(page),
    work: prove.node,
    isOver: run.isSpent,
    keepPlace: (place) => keep(place === undefined ? undefined : `nodes ${place}`),
  })
}

function runBudget({ nowMs, bounds }: ReconcileLedgerDeps): Budget {
  const untilMs = nowMs() + bounds.runMs
  let left = bounds.recordsPerRun
  return {
    take: (records) => {
      left -= records
    },
    isSpent: () => left <= 0 || nowMs() >= untilMs,
  }
}

function visitBudget(run: Budget, recordsPerVisit: number): Budget {
  let left = recordsPerVisit
  return {
    take: (records) => {
      left -= records
      run.take(records)
    },
    isSpent: () => left <= 0 || run.isSpent(),
  }
}
