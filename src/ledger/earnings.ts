/**
 * What a node has earned and where that money is now. Materialised, because a payout and a
 * clawback must not take more than is there; everything in it is the fold of the node's entries.
 */
import type { NanoUsd } from '../money/nano-usd.ts'
import { assert } from '../protocol/assert.ts'
import { type Entry, type Leg, netOf } from './journal.ts'

export type Earnings = {
  readonly nodeId: string
  /** All that ever became the host's: shares of charges and released late claims. */
  readonly accrued: NanoUsd
  readonly payable: NanoUsd
  readonly inTransit: NanoUsd
  readonly paid: NanoUsd
  /** Taken back by refunds that the host bears. */
  readonly clawedBack: NanoUsd
  /** Late claims that wait; not accrued yet. */
  readonly escrowed: NanoUsd
}

export type EarningsAmount = Exclude<keyof Earnings, 'nodeId'>
export type EarningsDelta = Readonly<Record<EarningsAmount, NanoUsd>>

export const noEarnings = (nodeId: string): Earnings => ({ nodeId, ...noChange })

const noChange: EarningsDelta = {
  accrued: 0n,
  payable: 0n,
  inTransit: 0n,
  paid: 0n,
  clawedBack: 0n,
  escrowed: 0n,
}

/** What an entry changes of one node's earnings. */
export function earningsDelta({ kind, legs }: Pick<Entry, 'kind' | 'legs'>, nodeId: string) {
  const payable = netOf(legs, 'host', nodeId)
  const inTransit = netOf(legs, 'in_transit', nodeId)
  const delta: EarningsDelta = {
    ...noChange,
    payable,
    inTransit,
    escrowed: netOf(legs, 'escrow', nodeId),
    ...(kind === 'accrual' || kind === 'late_release' ? { accrued: payable } : {}),
    ...(kind === 'refund' ? { clawedBack: -payable } : {}),
    ...(kind === 'payout_paid' ? { paid: -inTransit } : {}),
  }
  return delta
}

export function addEarnings(earnings: Earnings, delta: EarningsDelta): Earnings {
  return {
    nodeId: earnings.nodeId,
    accrued: earnings.accrued + delta.accrued,
    payable: earnings.payable + delta.payable,
    inTransit: earnings.inTransit + delta.inTransit,
    paid: earnings.paid + delta.paid,
    clawedBack: earnings.clawedBack + delta.clawedBack,
    escrowed: earnings.escrowed + delta.escrowed,
  }
}

/** Nodes whose earnings the legs change. */
export function nodesIn(legs: readonly Leg[]): string[] {
  const owners = legs.flatMap(({ account }) =>
    'owner' in account && account.kind !== 'customer' ? [account.owner] : [],
  )
  return [...new Set(owners)]
}

/** S13: nothing is paid that was not accrued, and every accrued nano-dollar is somewhere. */
export function assertEarnings(earnings: Earnings): void {
  const { nodeId, accrued, payable, inTransit, paid, clawedBack, escrowed } = earnings
  const amounts = [accrued, payable, inTransit, paid, clawedBack, escrowed]
  assert(
    amounts.every((amount) => amount >= 0n),
    'S13 no negative earnings',
    { nodeId, payable, inTransit },
  )
  const placed = payable + inTransit + paid + clawedBack
  assert(placed === accrued, 'S13 payable, in transit, paid and clawed back are the accrued', {
    nodeId,
    accrued,
    placed,
  })
}
