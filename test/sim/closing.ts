/**
 * How every history ends: the faults stop, what is late arrives, leases run out, two sweeps pass.
 * From then on no hold may be open, every charge must accrue, and what is owed must be payable.
 */
import { sweepBucketOf } from '../../src/ledger/wallet.ts'
import { doConfirm, runPayouts } from './actors/payer.ts'
import { runReconciler } from './actors/reconciler.ts'
import { type Sim, taskOf } from './actors/sim.ts'
import { runAccrual, runSweep } from './actors/sweeper.ts'
import { checkEnding, checkLiveness, checkRefused, checkSwept } from './checker/ending.ts'
import type { Task } from './engine/actor.ts'
import { graceMs } from './setting.ts'

const minuteMs = 60_000
/** Two clocks, a minute each. */
const clockErrorsMs = 2 * minuteMs
const dayMs = 24 * 60 * minuteMs
/** Longer than any late claim waits, and past the midnight that closes it. */
const escrowMs = 9 * dayMs

export function scheduleClosing(sim: Sim): void {
  const { world, plan } = sim
  const last = plan.operations.reduce((latest, { atMs }) => Math.max(latest, atMs), 0)
  world.later(last + minuteMs, 'faults end', () => {
    sim.isCalm = true
    world.calm()
    // A request that began before, or that a pause kept, has until its deadline.
    const quietMs = Math.max(0, world.lateUntilMs() - world.nowMs()) + plan.setting.deadlineMs
    world.later(quietMs + minuteMs, 'all is quiet', () => comeToRest(sim))
  })
}

function comeToRest(sim: Sim): void {
  const leasesEndMs = sim.leaseMs + graceMs + clockErrorsMs
  const steps: [afterMs: number, what: string, body: (task: Task) => Promise<void>][] = [
    [leasesEndMs, 'first sweep', (task) => passEmptyMinutes(sim).then(() => runSweep(sim, task))],
    [5 * minuteMs, 'second sweep', (task) => runSweep(sim, task)],
    [5 * minuteMs, 'swept', async () => checkSwept(sim.checker, lookedAtFrom(sim))],
    [1, 'last accrual', (task) => runAccrual(sim, task)],
    [5 * minuteMs, 'liveness', async () => checkLiveness(sim.checker)],
    [dayMs, 'payouts', (task) => runPayouts(sim, task)],
    [minuteMs, 'confirmations', (task) => confirmAll(sim, task)],
    [escrowMs, 'payouts after escrow', (task) => runPayouts(sim, task)],
    [minuteMs, 'last confirmations', (task) => confirmAll(sim, task)],
    [5 * minuteMs, 'last proof', (task) => proveAll(sim, task)],
    [5 * minuteMs, 'ending', async () => checkAll(sim)],
  ]
  let atMs = 0
  for (const [afterMs, what, body] of steps) {
    atMs += afterMs
    sim.world.later(atMs, what, () => {
      const task = taskOf(sim, sim.processOf('caretaker'), what)
      sim.world.spawn(task, () => body(task))
    })
  }
}

/**
 * Between the faults and here the schedule would have run every minute, and moved its cursor over
 * minutes in which no wallet stands. That much is done in one step.
 */
async function passEmptyMinutes({ ledger, world }: Sim): Promise<void> {
  const { state } = ledger
  const due = sweepBucketOf(Math.floor((world.nowMs() - graceMs - clockErrorsMs) / 1000))
  const minutes = [...state.wallets.values()].flatMap(({ sweepBucket }) => sweepBucket ?? [])
  const earliest = minutes.reduce((one, other) => (other < one ? other : one), due)
  if (state.cursor !== undefined && state.cursor < earliest) state.cursor = earliest
}

/** The sweeper looks back a quarter of an hour behind the leases that have ended. */
const lookBackMs = 15 * minuteMs
const sweptMs = 10 * minuteMs

const lookedAtFrom = ({ world }: Sim): number => world.nowMs() - sweptMs - graceMs - lookBackMs

async function confirmAll(sim: Sim, task: Task): Promise<void> {
  for (let node = 0; node < sim.plan.setting.nodes; node += 1) {
    const isReturned = task.draws.chance(0.2)
    await doConfirm(sim, task, { node, state: isReturned ? 'returned' : 'paid' })
  }
}

/** A tenth of the histories is proven at its end as well; a proof takes several runs. */
async function proveAll(sim: Sim, task: Task): Promise<void> {
  if (!sim.plan.operations.some(({ kind }) => kind === 'reconcile')) return
  for (let run = 0; run < proofRuns; run += 1) await runReconciler(sim, task)
}

const proofRuns = 4

function checkAll(sim: Sim): void {
  checkEnding(sim.checker)
  for (const { accountId, holdId } of sim.refused) checkRefused(sim.checker, accountId, holdId)
}
