/**
 * How holds end: S4 (once, and for good), S6, S9 (one host), S11 (recomputable), S12 (shares), S13
 * (nothing is decided behind the books), T1 (no lease is cut short).
 */
import type { DecideOutcome, Decision } from '../../../src/ledger/ports.ts'
import { verify } from '../engine/violation.ts'
import type { CheckerContext } from './context.ts'
import { chargeOf, nanoOf } from './money-text.ts'
import { accountOf, holdKey, type SeenHold } from './record.ts'

export function noteDecided(
  context: CheckerContext,
  decision: Decision,
  outcome: DecideOutcome,
): void {
  const account = accountOf(context.seen, decision.accountId)
  const { holdId } = decision
  context.tell(() => `${holdId} ${outcome.kind}: ${toldOf(outcome, decision)}`)
  const standing = account.decisions.get(holdId)
  if (outcome.kind === 'decided_before') {
    const found = outcome.decision.receipt.receipt_hash
    verify(standing?.receipt.receipt_hash === found, 'S4', () => `${holdId} changed its decision`)
    const isOwn = decision.receipt.receipt_hash === found
    context.count(isOwn ? 'decide: its own decision stood' : 'decide: another was first')
    return
  }
  if (outcome.kind !== 'decided') return
  verify(standing === undefined, 'S4', () => `${holdId} was decided twice`)
  const hold = account.holds.get(holdKey(holdId, decision.nonce ?? ''))
  verify(hold !== undefined, 'S4', () => `${holdId} was decided under a nonce that took no hold`)
  if (!hold) return
  verify(hold.isOpen, 'S4', () => `${holdId} was decided after it had ended`)
  account.decisions.set(holdId, decision)
  const isBehind = account.accruedThrough >= holdId
  verify(!isBehind, 'S13', () => `${holdId} was decided behind ${account.accruedThrough}`)
  checkLease(context, decision, hold)
  checkCharge(context, decision, hold)
  context.count(`decided: ${decision.receipt.body.result.status}`)
}

function toldOf(outcome: DecideOutcome, intended: Decision): string {
  const { receipt, charge } = outcome.kind === 'decided_before' ? outcome.decision : intended
  return `${receipt.body.result.status}, charge ${charge}`
}

function checkLease({ nowMs, leaseMs }: CheckerContext, decision: Decision, hold: SeenHold): void {
  if (decision.receipt.body.result.status !== 'expired') return
  const leftMs = hold.madeAtMs + leaseMs - nowMs()
  verify(leftMs <= 0, 'T1', () => `${hold.holdId} expired ${leftMs} ms before its lease ended`)
  verify(decision.charge === 0n, 'S15', () => `${hold.holdId} expired with a charge`)
}

function checkCharge(
  { priceOf }: CheckerContext,
  { holdId, charge, receipt }: Decision,
  hold: SeenHold,
): void {
  const { served, charge: lines, result } = receipt.body
  verify(charge >= 0n && charge <= hold.amount, 'S6', () => `${holdId} is charged ${charge}`)
  verify(nanoOf(lines.charge_usd) === charge, 'S11', () => `${holdId}: ${lines.charge_usd} USD`)
  const shares = nanoOf(lines.host_share_usd) + nanoOf(lines.fee_usd)
  verify(shares === charge, 'S12', () => `${holdId}: shares of ${shares} make up ${charge}`)
  const paid = receipt.private.attempts.filter(({ outcome }) => outcome === 'served')
  verify(paid.length <= 1, 'S9', () => `${holdId} pays ${paid.length} hosts`)
  if (!served) {
    verify(charge === 0n, 'S11', () => `${holdId} charges ${charge}, but nobody served`)
    verify(result.status !== 'completed', 'S11', () => `${holdId} completed, but nobody served`)
    return
  }
  const { price, usage } = served
  verify(price.version === hold.priceVersion, 'S11', () => `${holdId}: price of another version`)
  const listed = priceOf(price.version)
  const isListed =
    listed?.prompt_usd_per_mtok === price.prompt_usd_per_mtok &&
    listed.cached_prompt_usd_per_mtok === price.cached_prompt_usd_per_mtok &&
    listed.completion_usd_per_mtok === price.completion_usd_per_mtok
  verify(isListed, 'S11', () => `${holdId}: the receipt's price was never listed`)
  const due = chargeOf(usage.billed, price)
  verify(due === charge, 'S11', () => `${holdId}: ${due} by its receipt, charged ${charge}`)
  const share = (charge * BigInt(price.host_share_bps)) / 10_000n
  const isShare = nanoOf(lines.host_share_usd) === share
  verify(isShare, 'S12', () => `${holdId}: host share ${lines.host_share_usd}, not ${share}`)
}
