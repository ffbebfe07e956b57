/**
 * `spent` against the charges, while requests come and go. Decisions are written before money moves,
 * so two reads of the wallet enclose the truth: what was applied at the first was decided before it
 * and is read after it; what is read and whose hold is gone at the second was applied before it.
 * Where `spent` did not move between the two, the sum is exact.
 */
import { formatUsd } from '../../money/nano-usd.ts'
import type { Decision } from '../ports.ts'
import type { Wallet } from '../wallet.ts'
import type { Discrepancy, Reading } from './ports.ts'
import type { TailSums } from './sums.ts'

/** `closedCharges`: of all decisions that are final and applied. */
export function startTail(wallet: Wallet, closedCharges: bigint): TailSums {
  return {
    spentAtStart: wallet.spent,
    openAtStart: Object.fromEntries([...wallet.holds].map(([id, { nonce }]) => [id, nonce])),
    spentAtStartMax: closedCharges,
    applied: closedCharges,
    pending: {},
  }
}

/** `wallet` is read after the page. */
export function foldTail(
  tail: TailSums,
  page: readonly Reading<Decision>[],
  wallet: Wallet,
): TailSums {
  let { spentAtStartMax, applied } = tail
  const pending: TailSums['pending'] = {}
  const weigh = (holdId: string, one: TailSums['pending'][string]) => {
    if (isOpen(wallet.holds.get(holdId)?.nonce, one.nonce)) pending[holdId] = one
    else applied += one.charge
  }
  for (const [holdId, one] of Object.entries(tail.pending)) weigh(holdId, one)
  for (const reading of page) {
    if (reading.kind === 'broken') continue
    const { holdId, charge, nonce = null } = reading.value
    if (!isOpen(tail.openAtStart[holdId], nonce)) spentAtStartMax += charge
    weigh(holdId, { nonce, charge })
  }
  return { ...tail, spentAtStartMax, applied, pending }
}

export function judgeSpent(tail: TailSums, wallet: Wallet): Discrepancy[] {
  const { spentAtStart, spentAtStartMax, applied } = tail
  if (spentAtStart > spentAtStartMax) return [spentIs(spentAtStart, spentAtStartMax)]
  if (applied > wallet.spent) return [spentIs(wallet.spent, applied)]
  const isQuiet = wallet.spent === spentAtStart
  return isQuiet && applied !== wallet.spent ? [spentIs(wallet.spent, applied)] : []
}

const spentIs = (spent: bigint, charges: bigint): Discrepancy => ({
  recordId: null,
  invariant: 'S7 spent is the sum of applied charges',
  detail: `spent is ${formatUsd(spent)} USD, charges come to ${formatUsd(charges)} USD`,
})

/** A hold with another nonce is a twin: the decision ended, and was applied to, the one before it. */
function isOpen(open: string | undefined, decided: string | null): boolean {
  return open !== undefined && (decided === null || decided === open)
}
