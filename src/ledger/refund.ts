/**
 * A charge given back, in part or whole. It names its receipt, all refunds of one charge together
 * never exceed it, and the decision stays as it was written.
 */
import type { NanoUsd } from '../money/nano-usd.ts'
import { splitOf } from './charge.ts'
import { customerGain } from './credit.ts'
import { type Entry, type Leg, move, netOf } from './journal.ts'
import type { ClosingStore, JournalStore } from './journal-ports.ts'
import type { Decision, SweepStore } from './ports.ts'
import { type PostDeps, post } from './post.ts'

export type RefundDeps = PostDeps & {
  readonly journal: Pick<JournalStore, 'readEntry'>
  readonly closing: Pick<ClosingStore, 'readBook'>
  readonly wallets: Pick<SweepStore, 'readWallet'>
  /** Whether the customer and the node have the same owner. */
  readonly isOwnTraffic: (accountId: string, nodeId: string) => Promise<boolean>
}

export type Refund = {
  readonly amount: NanoUsd
  /** `platform`: our loss. `host`: taken back from the host and from our fee, as they shared it. */
  readonly bearer: 'platform' | 'host'
  readonly reference: string
  readonly by: string
}

export type Refunded =
  | { readonly kind: 'refunded'; readonly entry: Entry }
  | { readonly kind: 'refunded_before'; readonly entry: Entry; readonly isSame: boolean }
  /** Beyond what is left of the charge. */
  | { readonly kind: 'above_charge' }
  /** The host's payable earnings do not cover its part: not accrued yet, or paid out already. */
  | { readonly kind: 'host_short' }
  /** The host may have earned nothing from this charge: grants or its own owner paid for it. */
  | { readonly kind: 'host_unpaid' }
  | { readonly kind: 'unavailable' }

export async function refund(
  deps: RefundDeps,
  decision: Decision,
  order: Refund,
): Promise<Refunded> {
  const { accountId, holdId, charge } = decision
  const { amount, reference, by } = order
  if (amount > charge) return { kind: 'above_charge' }
  const legs = refundLegs(decision, order)
  if (order.bearer === 'host') {
    // What was posted before stands, whatever would be in its way today.
    const standing = await deps.journal.readEntry(reference)
    if (standing) return refundedBefore(standing, decision, legs)
    const obstacle = await hostObstacle(deps, decision)
    if (obstacle) return { kind: obstacle }
  }
  const guard = { kind: 'refund', accountId, holdId, amount, charge } as const
  const draft = { kind: 'refund', legs, reference, by, about: holdId } as const
  const posted = await post(deps, draft, [guard])
  switch (posted.kind) {
    case 'posted':
      return { kind: 'refunded', entry: posted.entry }
    case 'posted_before':
      return refundedBefore(posted.entry, decision, legs)
    case 'refused':
      return { kind: posted.by === 'earnings' ? 'host_short' : 'above_charge' }
    case 'unavailable':
      return posted
  }
}

function refundedBefore(
  entry: Entry,
  { accountId, holdId }: Decision,
  legs: readonly Leg[],
): Refunded {
  const isSame =
    entry.kind === 'refund' &&
    entry.about === holdId &&
    customerGain(entry, accountId) === netOf(legs, 'customer', accountId) &&
    netOf(entry.legs, 'shortfall') === netOf(legs, 'shortfall')
  return { kind: 'refunded_before', entry, isSame }
}

/** A host gives back only what it is certain to have earned from this very charge. */
async function hostObstacle(
  { closing, wallets, isOwnTraffic }: RefundDeps,
  decision: Decision,
): Promise<'host_short' | 'host_unpaid' | undefined> {
  const { accountId, holdId } = decision
  const { nodeId } = splitOf(decision)
  if (nodeId === undefined || (await isOwnTraffic(accountId, nodeId))) return 'host_unpaid'
  const book = await closing.readBook(accountId)
  if (!book || book.through < holdId) return 'host_short'
  const wallet = await wallets.readWallet(accountId)
  return wallet && wallet.granted === 0n ? undefined : 'host_unpaid'
}

/** The host's part rounds down, so that a host never gives back more than it got. */
function refundLegs(decision: Decision, { amount, bearer }: Refund): readonly Leg[] {
  const customer = { kind: 'customer', owner: decision.accountId } as const
  const { nodeId, hostShare } = splitOf(decision)
  if (bearer === 'platform' || nodeId === undefined || decision.charge === 0n) {
    return move(amount, { kind: 'shortfall' }, customer)
  }
  const fromHost = (amount * hostShare) / decision.charge
  return [
    { account: { kind: 'host', owner: nodeId }, amount: -fromHost },
    { account: { kind: 'fees' }, amount: fromHost - amount },
    { account: customer, amount },
  ]
}
