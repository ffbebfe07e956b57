/**
 * Payouts: a period closes with all that is payable to a node, travels to the host, and is
 * confirmed or comes back. A node and period are paid once, whoever closes them how often.
 */
import { type Leg, move } from './journal.ts'
import type { JournalStore, Payout } from './journal-ports.ts'
import { type PostDeps, type Posted, post } from './post.ts'

export type PayoutDeps = PostDeps & {
  readonly journal: Pick<JournalStore, 'post' | 'readEarnings' | 'readPayout' | 'listEscrowed'>
}

export type Closed =
  | { readonly kind: 'closed'; readonly payout: Payout }
  | { readonly kind: 'closed_before' }
  | { readonly kind: 'nothing_payable' }
  /** A refund or another change came between; the next run closes it. */
  | { readonly kind: 'contended' }
  | { readonly kind: 'unavailable' }

export async function closePayout(
  deps: PayoutDeps,
  { nodeId, period }: { readonly nodeId: string; readonly period: string },
): Promise<Closed> {
  const payable = (await deps.journal.readEarnings(nodeId))?.payable ?? 0n
  if (payable === 0n) return { kind: 'nothing_payable' }
  const payout: Payout = {
    nodeId,
    period,
    amount: payable,
    state: 'in_transit',
    closedAtMs: deps.nowMs(),
    transferId: undefined,
  }
  const host = { kind: 'host', owner: nodeId } as const
  const posted = await post(
    deps,
    {
      kind: 'payout',
      legs: move(payable, host, { kind: 'in_transit', owner: nodeId }),
      reference: `payout ${nodeId} ${period}`,
      by: 'close-payouts',
      about: period,
    },
    [{ kind: 'payout', payout, from: undefined }],
  )
  switch (posted.kind) {
    case 'posted':
      return { kind: 'closed', payout }
    case 'posted_before':
      return { kind: 'closed_before' }
    case 'refused':
      return { kind: 'contended' }
    case 'unavailable':
      return posted
  }
}

export type Confirmed =
  | { readonly kind: 'confirmed'; readonly payout: Payout }
  | { readonly kind: 'no_payout' }
  /** It was confirmed otherwise, or under another transfer. */
  | { readonly kind: 'conflict'; readonly payout: Payout }
  | { readonly kind: 'unavailable' }

/** What the payment provider says of a transfer: it arrived, or it came back. */
export async function confirmPayout(
  deps: PayoutDeps,
  at: { readonly nodeId: string; readonly period: string },
  word: {
    readonly state: 'paid' | 'returned'
    readonly transferId: string
    readonly by: string
  },
): Promise<Confirmed> {
  const found = await deps.journal.readPayout(at.nodeId, at.period)
  if (!found) return { kind: 'no_payout' }
  const payout: Payout = { ...found, state: word.state, transferId: word.transferId }
  const posted = await post(
    deps,
    {
      kind: word.state === 'paid' ? 'payout_paid' : 'payout_returned',
      legs: confirmationLegs(payout),
      reference: `payout ${at.nodeId} ${at.period} confirmed`,
      by: word.by,
      about: `${at.period} ${word.transferId}`,
    },
    [{ kind: 'payout', payout, from: 'in_transit' }],
  )
  if (posted.kind === 'posted') return { kind: 'confirmed', payout }
  if (posted.kind === 'unavailable') return posted
  const now = await deps.journal.readPayout(at.nodeId, at.period)
  if (!now) return { kind: 'no_payout' }
  const isSame = now.state === word.state && now.transferId === word.transferId
  return isSame ? { kind: 'confirmed', payout: now } : { kind: 'conflict', payout: now }
}

function confirmationLegs({ nodeId, amount, state }: Payout): Leg[] {
  const from = { kind: 'in_transit', owner: nodeId } as const
  return state === 'paid'
    ? move(amount, from, { kind: 'wash' })
    : move(amount, from, { kind: 'host', owner: nodeId })
}

/** Late claims whose wait is over become payable; how many. */
export async function releaseEscrow(deps: PayoutDeps, nodeId: string): Promise<number> {
  const nowMs = deps.nowMs()
  const waiting = await deps.journal.listEscrowed(nodeId, escrowsPerRun)
  const due = waiting.filter((claim) => claim.payableAtMs <= nowMs)
  let released = 0
  for (const claim of due) {
    const owner = claim.nodeId
    const posted: Posted = await post(
      deps,
      {
        kind: 'late_release',
        legs: move(claim.amount, { kind: 'escrow', owner }, { kind: 'host', owner }),
        reference: `late release ${claim.ticketHash}`,
        by: 'close-payouts',
        about: claim.ticketHash,
      },
      [{ kind: 'late_claim', claim: { ...claim, state: 'released' }, from: 'escrowed' }],
    )
    if (posted.kind === 'posted') released += 1
  }
  return released
}

const escrowsPerRun = 100
