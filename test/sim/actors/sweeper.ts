/** The schedules that roll the ledger forward: sweeping expired holds, accruing what hosts earned. */
import { type AccrueDeps, accrueAccount } from '../../../src/ledger/accrue.ts'
import { type SweepDeps, sweep } from '../../../src/ledger/sweep.ts'
import { expiredReceipt } from '../../../src/receipts/expired-receipt.ts'
import { accrueEarnings } from '../../../src/schedules/accrue-earnings.ts'
import type { Task } from '../engine/actor.ts'
import { StoreFault } from '../engine/world.ts'
import { graceMs } from '../setting.ts'
import { fakeReceiptSigner, firstIdAt, idsOf, timeOfId } from './ids.ts'
import type { Sim } from './sim.ts'
import { accountsOf, closingOf, holdsOf, journalOf, sweepsOf } from './stores.ts'

export async function runSweep(sim: Sim, task: Task): Promise<void> {
  const report = await sweep(sweepDepsOf(sim, task))
  sim.checker.count(`sweep: ${report.stopped}`)
  if (report.released > 0) sim.checker.count('sweep: released holds')
}

export function sweepDepsOf(sim: Sim, task: Task): SweepDeps {
  const { world, checker } = sim
  const nowMs = world.clockOf(task.actor)
  const ids = idsOf(task.draws)
  return {
    nowMs,
    timeOfId,
    sleep: world.sleepOf(task),
    store: holdsOf(sim, task),
    sweepStore: sweepsOf(sim, task),
    leaseMs: sim.leaseMs,
    firstIdAt,
    graceMs,
    expire: (accountId, holdId, hold) => {
      const expired = { accountId, holdId, amount: hold.amount, heldAtMs: timeOfId(holdId) }
      const receipt = expiredReceipt(expired, { signer: fakeReceiptSigner, ids, nowMs })
      return { accountId, holdId, nonce: hold.nonce, charge: 0n, receipt }
    },
    onFailure: ({ error }) => {
      if (error instanceof StoreFault) checker.count('sweep: a wallet put off')
      else world.fail(error)
    },
  }
}

export async function runAccrual(sim: Sim, task: Task): Promise<void> {
  const report = await accrueEarnings({
    ...accrueDepsOf(sim, task),
    accounts: accountsOf(sim, task),
    places: closingOf(sim, task),
  })
  sim.checker.count(`accrual: ${report.stopped}`)
  if (report.released > 0) sim.checker.count('accrual: ended holds that no sweep found')
}

/** Closes each account at this very moment: requests that are under way are caught by it. */
export async function accrueEagerly(sim: Sim, task: Task): Promise<void> {
  const deps = accrueDepsOf(sim, task)
  for (const { accountId } of sim.customers) {
    const accrued = await accrueAccount(deps, accountId, firstIdAt(deps.nowMs()))
    sim.checker.count(accrued.isComplete ? 'accrual: complete' : 'accrual: left for the next run')
  }
}

function accrueDepsOf(sim: Sim, task: Task): AccrueDeps & SweepDeps {
  const { checker } = sim
  return {
    ...sweepDepsOf(sim, task),
    ids: idsOf(task.draws),
    journal: journalOf(sim, task),
    closing: closingOf(sim, task),
    isOwnTraffic: async (accountId, nodeId) => checker.isOwn(accountId, nodeId),
  }
}
