/**
 * Plays one history: opens the stores, starts the plan's operations at their times, ends the faults,
 * lets everything come to rest, and looks at what is left.
 */

import { startClient } from './actors/client.ts'
import { doLateClaims } from './actors/late-claimant.ts'
import { doAdjust, doCredit, doRefund, doReprice, doRevoke, doStatus } from './actors/operator.ts'
import { doConfirm, runPayouts } from './actors/payer.ts'
import { runReconciler } from './actors/reconciler.ts'
import { type Sim, taskOf } from './actors/sim.ts'
import { accrueEagerly, runAccrual, runSweep } from './actors/sweeper.ts'
import { scheduleClosing } from './closing.ts'
import type { Task } from './engine/actor.ts'
import { makeLog } from './engine/log.ts'
import type { Counts } from './engine/sometimes.ts'
import { toViolation, type Violation } from './engine/violation.ts'
import { openSim } from './open-sim.ts'
import type { Operation } from './operations.ts'
import type { SimPlan } from './plan.ts'

export type History = {
  readonly violation: Violation | undefined
  readonly events: number
  readonly digest: string
  readonly lines: readonly string[]
}

export async function playHistory(
  plan: SimPlan,
  options: { readonly counts: Counts; readonly keepsLines: boolean },
): Promise<History> {
  const log = makeLog(options)
  const ended = (violation: Violation | undefined): History => ({
    violation,
    events: log.events(),
    digest: log.digest(),
    lines: log.lines,
  })
  try {
    const sim = await openSim(plan, log, options.counts)
    for (const operation of plan.operations) {
      sim.world.later(operation.atMs, operation.id, () => start(sim, operation))
    }
    scheduleClosing(sim)
    await sim.world.run()
    return ended(undefined)
  } catch (error) {
    return ended(toViolation(error))
  }
}

function start(sim: Sim, operation: Operation): void {
  if (operation.kind === 'request') startClient(sim, operation.id, operation)
  else if (operation.kind === 'reprice') doReprice(sim, operation)
  else startTask(sim, operation)
}

function startTask(sim: Sim, operation: TaskOperation): void {
  const task = taskOf(sim, sim.processOf(processOf(operation)), operation.id)
  sim.world.spawn(task, () => doing(sim, task, operation))
}

type TaskOperation = Exclude<Operation, { kind: 'request' | 'reprice' }>

function doing(sim: Sim, task: Task, operation: TaskOperation): Promise<void> {
  switch (operation.kind) {
    case 'credit':
      return doCredit(sim, task, operation)
    case 'refund':
      return doRefund(sim, task, operation)
    case 'adjust':
      return doAdjust(sim, task, operation)
    case 'status':
      return doStatus(sim, task, operation)
    case 'revoke':
      return doRevoke(sim, task, operation)
    case 'payout':
      return runPayouts(sim, task)
    case 'confirm':
      return doConfirm(sim, task, operation)
    case 'late_claim':
      return doLateClaims(sim, task)
    case 'accrue':
      return operation.isEager ? accrueEagerly(sim, task) : runAccrual(sim, task)
    case 'sweep':
      return runSweep(sim, task)
    case 'reconcile':
      return runReconciler(sim, task)
  }
}

/** Overlapping runs of one schedule are processes of their own; operators share one. */
function processOf(operation: TaskOperation): string {
  switch (operation.kind) {
    case 'sweep':
      return `sweeper ${operation.sweeper}`
    case 'accrue':
    case 'payout':
    case 'late_claim':
    case 'reconcile':
      return operation.id
    default:
      return 'operator'
  }
}
