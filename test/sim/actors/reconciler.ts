/**
 * The reconciler that re-proves the books in production, here beside everything that moves them. It
 * must stay silent: the checker has found nothing, so whatever it tells is a false alarm.
 */
import type { Entry } from '../../../src/ledger/journal.ts'
import type { JournalOwner } from '../../../src/ledger/journal-ports.ts'
import type { Range, Reading, ReconcileStore } from '../../../src/ledger/reconcile/ports.ts'
import {
  type ReconcileLedgerDeps,
  reconcileLedger,
} from '../../../src/schedules/reconcile-ledger.ts'
import type { Task } from '../engine/actor.ts'
import { Violation } from '../engine/violation.ts'
import { StoreFault } from '../engine/world.ts'
import { firstIdAt, timeOfId } from './ids.ts'
import type { Sim } from './sim.ts'
import { accountsOf, closingOf, journalOf, read, sweepsOf } from './stores.ts'

/** Small, so that proofs stop half-way and go on in the next run. */
const bounds = { recordsPerRun: 40, recordsPerVisit: 6, runMs: 3_600_000 }
const pageSize = 3

export async function runReconciler(sim: Sim, task: Task): Promise<void> {
  const { checker } = sim
  try {
    const report = await reconcileLedger(depsOf(sim, task))
    checker.count(`reconcile: ${report.stopped}`)
    if (report.unfinished > 0) checker.count('reconcile: left for the next run')
    if (report.contended > 0) checker.count('reconcile: contended')
    if (report.accounts > 0) checker.count('reconcile: accounts proven')
  } catch (error) {
    // A run that could look at nothing fails loudly; here it is the store that had a bad day.
    if (!(error instanceof Error && /could be looked at/.test(error.message))) throw error
    checker.count('reconcile: could look at nothing')
  }
}

function depsOf(sim: Sim, task: Task): ReconcileLedgerDeps {
  const { world, customers } = sim
  return {
    store: reconcileStoreOf(sim, task),
    places: closingOf(sim, task),
    accounts: accountsOf(sim, task),
    journal: journalOf(sim, task),
    sweepStore: sweepsOf(sim, task),
    keys: {
      listKeys: async (accountId) =>
        customers.find((customer) => customer.accountId === accountId)?.keys ?? [],
    },
    // Signatures and hashes are not simulated.
    verify: () => [],
    timeOfId,
    firstIdAt,
    nowMs: world.clockOf(task.actor),
    pageSize,
    bounds,
    metrics: { publish: () => undefined },
    onDiscrepancy: (found) => {
      world.fail(new Violation('reconcile', `${found.invariant}: ${found.detail}`))
    },
    onFailure: ({ error }) => {
      if (!(error instanceof StoreFault)) world.fail(error)
    },
  }
}

function reconcileStoreOf({ world, ledger }: Sim, task: Task): ReconcileStore {
  const { state } = ledger
  const look = <T>(name: string, id: string, value: () => T | undefined) =>
    read(world, task, name, async () => {
      const found = value()
      return found && readingOf(id, found)
    })
  return {
    readWallet: (id) => look('wallet.prove', id, () => state.wallets.get(id)),
    readBook: (id) => look('book.prove', id, () => state.books.get(id)),
    readEarnings: (id) => look('earnings.prove', id, () => state.earnings.get(id)),
    readDecision: (accountId, holdId) =>
      look('receipt.prove', holdId, () => state.decisions.get(accountId)?.get(holdId)),
    decisionsBetween: ({ accountId, after, before, limit }) =>
      read(world, task, 'receipts.prove', async () => {
        const decisions = [...(state.decisions.get(accountId)?.values() ?? [])]
        const readings = decisions.map((decision) => readingOf(decision.holdId, decision))
        return within(readings, { after, before, limit })
      }),
    entriesBetween: ({ of, after, before, limit }) =>
      read(world, task, 'entries.prove', async () => {
        const entries = [...state.entries.values()].filter((entry) => isOf(entry, of))
        const readings = entries.map((entry) => readingOf(entry.entryId, entry))
        return within(readings, { after, before, limit })
      }),
  }
}

const readingOf = <T>(id: string, value: T): Reading<T> => ({ kind: 'read', id, value })

function within<T>(readings: readonly Reading<T>[], { after, before, limit }: Range) {
  return readings
    .filter(({ id }) => id > after && (before === undefined || id < before))
    .sort((one, other) => (one.id < other.id ? -1 : 1))
    .slice(0, limit)
}

function isOf({ legs }: Entry, of: JournalOwner): boolean {
  return legs.some(({ account }) => {
    if (!('owner' in account)) return false
    if (of.kind === 'customer') return account.kind === 'customer' && account.owner === of.accountId
    return account.kind !== 'customer' && account.owner === of.nodeId
  })
}
