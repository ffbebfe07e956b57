/** What operators, and payment webhooks do, each once more where the outcome is unknown. */
import { type AdjustmentOrder, adjust, approveAdjustment } from '../../../src/ledger/adjust.ts'
import { credit } from '../../../src/ledger/credit.ts'
import type { JournalStore } from '../../../src/ledger/journal-ports.ts'
import type { PostDeps } from '../../../src/ledger/post.ts'
import { type RefundDeps, refund } from '../../../src/ledger/refund.ts'
import { noteToldPosted } from '../checker/answers.ts'
import type { Task } from '../engine/actor.ts'
import { type OperationBody, requestId } from '../operations.ts'
import { modelAt } from '../stage.ts'
import { idsOf } from './ids.ts'
import { customerOf, type Sim } from './sim.ts'
import { accountsOf, closingOf, journalOf, revokeKey, sweepsOf } from './stores.ts'

type Doing<K extends OperationBody['kind']> = Extract<OperationBody, { kind: K }>

export function postDepsOf(sim: Sim, task: Task): PostDeps & { readonly journal: JournalStore } {
  const { world } = sim
  return {
    ids: idsOf(task.draws),
    nowMs: world.clockOf(task.actor),
    sleep: world.sleepOf(task),
    journal: journalOf(sim, task),
  }
}

/** Nobody leaves an unknown outcome at that: the same call again finds out. */
export async function untilKnown<T extends { readonly kind: string }>(
  sim: Sim,
  name: string,
  call: () => Promise<T>,
): Promise<T> {
  const first = await call()
  const last = first.kind === 'unavailable' ? await call() : first
  sim.checker.count(`${name}: ${last.kind}`)
  return last
}

export async function doCredit(sim: Sim, task: Task, doing: Doing<'credit'>): Promise<void> {
  const { accountId } = customerOf(sim, doing.customer)
  const { credit: kind, amount, reference } = doing
  const order = { accountId, kind, amount, reference, by: 'webhook' } as const
  const deps = postDepsOf(sim, task)
  const credited = await untilKnown(sim, 'credit', () => credit(deps, order))
  if ('entry' in credited) noteToldPosted(sim.checker, reference)
}

export async function doRefund(sim: Sim, task: Task, doing: Doing<'refund'>): Promise<void> {
  const decision = chargedFor(sim, requestId(doing.request))
  if (!decision) return sim.checker.count('refund: of nothing')
  const amount = (decision.charge * BigInt(doing.percent)) / 100n
  if (amount === 0n) return
  const { bearer, reference } = doing
  const order = { amount, bearer, reference, by: 'operator' } as const
  const deps: RefundDeps = {
    ...postDepsOf(sim, task),
    closing: closingOf(sim, task),
    wallets: sweepsOf(sim, task),
    isOwnTraffic: async (accountId, nodeId) => sim.checker.isOwn(accountId, nodeId),
  }
  const refunded = await untilKnown(sim, 'refund', () => refund(deps, decision, order))
  if ('entry' in refunded) noteToldPosted(sim.checker, reference)
}

/** A decided charge of the request, if one is there by now. */
function chargedFor({ dispatches, checker }: Sim, request: string) {
  for (const { holdId } of dispatches.get(request) ?? []) {
    for (const account of checker.seen.accounts.values()) {
      const decision = account.decisions.get(holdId)
      if (decision && decision.charge > 0n) return decision
    }
  }
  return undefined
}

export async function doAdjust(sim: Sim, task: Task, doing: Doing<'adjust'>): Promise<void> {
  const { accountId } = customerOf(sim, doing.customer)
  const deps = postDepsOf(sim, task)
  const { amount, reference } = doing
  const order: AdjustmentOrder = { accountId, amount, reference, reason: 'a ticket', by: 'anna' }
  const adjusted = await untilKnown(sim, 'adjust', () => adjust(deps, order))
  if ('entry' in adjusted) noteToldPosted(sim.checker, reference)
  if (adjusted.kind !== 'requested') return
  const by = doing.isApproved ? 'bert' : 'anna'
  const word = { reference, by }
  const approved = await untilKnown(sim, 'approve', () => approveAdjustment(deps, word))
  if ('entry' in approved) noteToldPosted(sim.checker, reference)
}

export async function doStatus(sim: Sim, task: Task, doing: Doing<'status'>): Promise<void> {
  const { accountId } = customerOf(sim, doing.customer)
  await accountsOf(sim, task).setStatus(accountId, doing.status)
  sim.checker.count(`account: ${doing.status}`)
}

export async function doRevoke(sim: Sim, task: Task, doing: Doing<'revoke'>): Promise<void> {
  const { accountId, keys } = customerOf(sim, doing.customer)
  const ordinal = keys[doing.key]?.ordinal
  if (ordinal === undefined) return
  await revokeKey(sim, task, { accountId, ordinal })
  sim.checker.count('key: revoked')
}

export function doReprice({ models, world }: Sim, { percent }: Doing<'reprice'>): void {
  models.push({ atMs: world.nowMs(), model: modelAt(models.length + 1, percent) })
}
