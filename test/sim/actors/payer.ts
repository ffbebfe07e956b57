/** The payout run, and the payment provider that tells what became of each transfer. */
import { confirmPayout } from '../../../src/ledger/payout.ts'
import { closePayouts } from '../../../src/schedules/close-payouts.ts'
import { noteToldPosted } from '../checker/answers.ts'
import type { Task } from '../engine/actor.ts'
import { StoreFault } from '../engine/world.ts'
import { nodes } from '../stage.ts'
import { postDepsOf, untilKnown } from './operator.ts'
import type { Sim } from './sim.ts'
import { closingOf } from './stores.ts'

export async function runPayouts(sim: Sim, task: Task): Promise<void> {
  const report = await closePayouts({
    ...postDepsOf(sim, task),
    places: closingOf(sim, task),
    readIncidents: async () => [],
    onFailure: ({ error }) => {
      if (error instanceof StoreFault) sim.checker.count('payout: a node put off')
      else sim.world.fail(error)
    },
  })
  if (report.closed > 0) sim.checker.count('payout: closed')
  if (report.postponed > 0) sim.checker.count('payout: postponed')
  if (report.released > 0) sim.checker.count('escrow: released')
}

export async function doConfirm(
  sim: Sim,
  task: Task,
  { node, state }: { readonly node: number; readonly state: 'paid' | 'returned' },
): Promise<void> {
  const nodeId = nodes[node]?.nodeId ?? ''
  const deps = postDepsOf(sim, task)
  const { items } = await deps.journal.listPayouts(nodeId, { limit: 10, after: undefined })
  for (const { period } of items) {
    const word = { state, transferId: `transfer of ${period}`, by: 'provider' } as const
    const confirmed = await untilKnown(sim, 'confirm', () =>
      confirmPayout(deps, { nodeId, period }, word),
    )
    if (confirmed.kind !== 'confirmed') continue
    noteToldPosted(sim.checker, `payout ${nodeId} ${period} confirmed`)
  }
}
