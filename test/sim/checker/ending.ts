/** What must hold once everything has come to rest: L1, and S7 and S13 over the whole history. */
import { verify } from '../engine/violation.ts'
import type { CheckerContext } from './context.ts'
import { accountOf, type SeenAccount } from './record.ts'
import { checkWallet } from './wallets.ts'

/**
 * After the faults, a lease, the clocks' errors and two sweeps. Only a wallet whose minute had been
 * passed when its hold arrived is left to the accrual, which looks at every account.
 */
export function checkSwept(context: CheckerContext, lookedAtFromMs: number): void {
  for (const { accountId, open } of context.seen.accounts.values()) {
    if (open === 0) continue
    const bucket = context.walletOf(accountId)?.sweepBucket
    const isPassed = bucket !== undefined && Date.parse(`${bucket}:00Z`) < lookedAtFromMs
    verify(isPassed, 'L1', () => `${accountId} has ${open} open holds after two sweeps`)
    context.count('closing: a hold is left to the accrual')
  }
}

/** After the accrual: nothing is open, and everything was decided. */
export function checkLiveness({ seen }: CheckerContext): void {
  for (const { accountId, holds, decisions } of seen.accounts.values()) {
    for (const { holdId, isOpen } of holds.values()) {
      verify(!isOpen, 'L1', () => `${holdId} of ${accountId} is still open`)
      verify(decisions.has(holdId), 'L1', () => `${holdId} of ${accountId} was never decided`)
    }
  }
}

/** After the last accrual as well. */
export function checkEnding(context: CheckerContext): void {
  for (const account of context.seen.accounts.values()) {
    checkWallet(context, account.accountId)
    checkDecisions(account)
    checkAccrued(account)
  }
  checkEarnings(context)
}

function checkDecisions(account: SeenAccount): void {
  const decided = [...account.decisions.values()].reduce((sum, { charge }) => sum + charge, 0n)
  const text = () => `${account.accountId}: ${decided} decided, ${account.charged} charged`
  verify(decided === account.charged, 'S7', text)
}

function checkAccrued({ accountId, decisions, accruedThrough }: SeenAccount): void {
  for (const [holdId, { charge }] of decisions) {
    const isAccrued = charge === 0n || holdId <= accruedThrough
    verify(isAccrued, 'S13', () => `the charge of ${holdId} (${accountId}) never accrued`)
  }
}

/** Nothing that a customer was refused may have cost anything. */
export function checkRefused(context: CheckerContext, accountId: string, holdId: string): void {
  const charge = accountOf(context.seen, accountId).decisions.get(holdId)?.charge ?? 0n
  verify(charge === 0n, 'S7', () => `${holdId} was refused, and charged ${charge}`)
}

/** The store's earnings are the fold of the entries, and all entries together sum to zero (S5). */
function checkEarnings({ seen, earningsOf }: CheckerContext): void {
  for (const [nodeId, due] of seen.earnings) {
    const stored = earningsOf(nodeId)
    const isSame =
      stored !== undefined &&
      stored.accrued === due.accrued &&
      stored.payable === due.payable &&
      stored.inTransit === due.inTransit &&
      stored.paid === due.paid &&
      stored.clawedBack === due.clawedBack &&
      stored.escrowed === due.escrowed
    verify(isSame, 'S13', () => `the earnings of ${nodeId} are not what its entries add up to`)
    const placed = due.payable + due.inTransit + due.paid + due.clawedBack
    verify(placed === due.accrued, 'S13', () => `${nodeId} accrued ${due.accrued}, has ${placed}`)
  }
}
