/**
 * Entries: S5 (legs sum to zero), S8 (refunds), S9 and S15 (late claims), S13 (earnings and payouts),
 * and what each entry means for a customer's balance.
 */
import { type Earnings, noEarnings } from '../../../src/ledger/earnings.ts'
import type { Entry, Leg } from '../../../src/ledger/journal.ts'
import type { Posting, PostOutcome } from '../../../src/ledger/journal-ports.ts'
import { Violation, verify } from '../engine/violation.ts'
import { noteAccrual } from './accrual.ts'
import type { CheckerContext } from './context.ts'
import { accountOf } from './record.ts'
import { checkWallet } from './wallets.ts'

export function notePosted(
  context: CheckerContext,
  task: string,
  { entry }: Posting,
  outcome: PostOutcome,
): void {
  const { seen, count, tell } = context
  if (outcome.kind !== 'posted') return
  const { reference, kind, legs } = entry
  verify(!seen.entries.has(reference), 'S10', () => `"${reference}" was posted twice`)
  seen.entries.set(reference, entry)
  count(`posted: ${kind}`)
  tell(() => `${kind} "${reference}": ${legs.map(legText).join(', ')}`)
  const sum = legs.reduce((total, { amount }) => total + amount, 0n)
  verify(sum === 0n, 'S5', () => `the legs of "${reference}" sum to ${sum}`)
  for (const { account, amount } of legs) {
    if (account.kind === 'customer') noteCustomerLeg(context, entry, account.owner, amount)
    else if ('owner' in account) noteNodeLeg(context, entry, account, amount)
  }
  // By what the entry is, not by its guards: a guard that is missing is what must be noticed.
  if (kind === 'refund') noteRefund(context, entry)
  if (kind === 'accrual') noteAccrual(context, task, entry)
  if (kind === 'late_claim') noteLateClaim(context, entry)
  if (kind === 'late_release') noteLateRelease(context, entry)
  if (kind.startsWith('payout')) notePayout(context, entry)
}

const legText = ({ account, amount }: Leg): string => `${account.kind} ${amount}`

function noteCustomerLeg(
  context: CheckerContext,
  { kind, reference }: Entry,
  accountId: string,
  amount: bigint,
): void {
  const account = accountOf(context.seen, accountId)
  const field = customerFields[kind]
  verify(field !== undefined, 'S15', () => `"${reference}" (${kind}) touches a customer`)
  if (!field) return
  account[field] += amount
  if (kind === 'grant') account.granted += amount
  checkWallet(context, accountId)
}

/** The only kinds of entry that a customer's balance may feel. */
const customerFields: Partial<Record<Entry['kind'], 'credited' | 'refunded' | 'adjusted'>> = {
  top_up: 'credited',
  grant: 'credited',
  refund: 'refunded',
  adjustment: 'adjusted',
}

function noteNodeLeg(
  context: CheckerContext,
  { kind, reference }: Entry,
  account: { readonly kind: string; readonly owner: string },
  amount: bigint,
): void {
  const { seen } = context
  const nodeId = account.owner
  const before = seen.earnings.get(nodeId) ?? noEarnings(nodeId)
  const after = afterLeg(before, kind, account.kind, amount)
  seen.earnings.set(nodeId, after)
  const least = [after.payable, after.inTransit, after.escrowed]
  verify(
    least.every((one) => one >= 0n),
    'S13',
    () => `"${reference}" takes more from ${nodeId} than is there`,
  )
  verify(after.paid <= after.accrued, 'S13', () => `${nodeId} was paid more than it accrued`)
}

function afterLeg(before: Earnings, kind: Entry['kind'], account: string, amount: bigint) {
  const isEarned = kind === 'accrual' || kind === 'late_release'
  switch (account) {
    case 'host':
      return {
        ...before,
        payable: before.payable + amount,
        accrued: before.accrued + (isEarned ? amount : 0n),
        clawedBack: before.clawedBack - (kind === 'refund' ? amount : 0n),
      }
    case 'in_transit':
      return {
        ...before,
        inTransit: before.inTransit + amount,
        paid: before.paid - (kind === 'payout_paid' ? amount : 0n),
      }
    default:
      return { ...before, escrowed: before.escrowed + amount }
  }
}

/** `about` is the hold whose charge is given back. */
function noteRefund({ seen }: CheckerContext, { reference, legs, about: holdId }: Entry): void {
  const customer = legs.find((leg) => leg.account.kind === 'customer')
  if (customer?.account.kind !== 'customer') {
    throw new Violation('S8', `"${reference}" refunds nobody`)
  }
  const account = accountOf(seen, customer.account.owner)
  const refunded = (account.refundsOf.get(holdId) ?? 0n) + customer.amount
  account.refundsOf.set(holdId, refunded)
  const charge = account.decisions.get(holdId)?.charge ?? 0n
  verify(refunded <= charge, 'S8', () => `${holdId}: ${refunded} refunded of ${charge}`)
}

/** Closed once, then paid or returned once. `about` begins with the period. */
function notePayout({ seen }: CheckerContext, { kind, legs, about }: Entry): void {
  const [period = ''] = about.split(' ')
  const key = `${ownerIn(legs, 'in_transit')} ${period}`
  const moved = [...(seen.payouts.get(key) ?? []), kind]
  seen.payouts.set(key, moved)
  const isOnce = moved[0] === 'payout' && moved.length <= 2 && moved[1] !== 'payout'
  verify(isOnce, 'S13', () => `payout ${key} went through ${moved.join(', ')}`)
}

/** `about` is an account and one of its holds. */
function noteLateClaim({ seen, isOwn, nowMs }: CheckerContext, { legs, about }: Entry): void {
  const [accountId = '', holdId = ''] = about.split(' ')
  const nodeId = ownerIn(legs, 'escrow')
  const amount = legs.find((leg) => leg.account.kind === 'escrow')?.amount ?? 0n
  const account = accountOf(seen, accountId)
  const decision = account.decisions.get(holdId)
  const isExpired = decision?.receipt.body.result.status === 'expired'
  verify(isExpired, 'S9', () => `${holdId} is paid late, but did not expire`)
  verify(!seen.paidLate.has(holdId), 'S9', () => `${holdId} is paid late twice`)
  seen.paidLate.set(holdId, nowMs())
  verify(!isOwn(accountId, nodeId), 'S15', () => `${holdId} pays its own owner`)
  const held = [...account.holds.values()].find((hold) => hold.holdId === holdId)
  const isWithin = held !== undefined && amount <= held.amount
  verify(isWithin, 'S15', () => `${holdId} pays ${amount} late, beyond its hold`)
}

/** Late claims wait for a week, by clocks that are up to a minute off. */
const escrowMs = 7 * 86_400_000
const clockErrorsMs = 120_000

function noteLateRelease({ seen, nowMs }: CheckerContext, { reference }: Entry): void {
  const earliest = Math.min(...seen.paidLate.values())
  const isOver = nowMs() + clockErrorsMs >= earliest + escrowMs
  verify(isOver, 'S15', () => `"${reference}" is released before its wait is over`)
}

function ownerIn(legs: readonly Leg[], kind: Leg['account']['kind']): string {
  const owned = legs.find(({ account }) => account.kind === kind)?.account
  return owned && 'owner' in owned ? owned.owner : ''
}
