/**
 * S1 to S4, S6 and S15 on wallets: after every write that touched one, what the store shows must be
 * what the applied writes add up to.
 */
import type { Reservation, Settlement } from '../../../src/ledger/ports.ts'
import type { Wallet } from '../../../src/ledger/wallet.ts'
import { verify } from '../engine/violation.ts'
import { checkCounters, raiseCounters, settleCounters } from './caps.ts'
import type { CheckerContext } from './context.ts'
import { accountOf, holdKey, type SeenAccount, type SeenHold } from './record.ts'

/** When a reservation is sent: its lease began, if it is not a repetition. */
export function noteSent({ seen, nowMs }: CheckerContext, { holdId, hold }: Reservation): void {
  const key = madeKey(holdId, hold.expiresAtSec)
  if (!seen.madeAt.has(key)) seen.madeAt.set(key, nowMs())
}

export function noteHeld(context: CheckerContext, reservation: Reservation): void {
  const { seen, count } = context
  const { accountId, holdId, hold, keyOrdinal } = reservation
  const account = accountOf(seen, accountId)
  const key = holdKey(holdId, hold.nonce)
  verify(!account.holds.has(key), 'S4', () => `hold ${key} was taken twice`)
  const isTwin = account.decisions.has(holdId)
  if (isTwin) count('twin: a hold came back after its decision')
  const madeAtMs = seen.madeAt.get(madeKey(holdId, hold.expiresAtSec)) ?? 0
  const taken: SeenHold = {
    accountId,
    holdId,
    nonce: hold.nonce,
    amount: hold.amount,
    priceVersion: hold.priceVersion,
    madeAtMs,
    keyOrdinal,
    uses: new Map(),
    isOpen: true,
  }
  const isLate = context.nowMs() > madeAtMs + context.deadlineMs
  if (isLate) count('hold: arrived after its deadline')
  account.holds.set(key, taken)
  account.held += hold.amount
  account.open += 1
  raiseCounters(context, account, taken, hold.counted?.tokens)
  checkWallet(context, accountId)
  checkStops(account, keyOrdinal)
  const wallet = context.walletOf(accountId)
  if (wallet) checkCounters(context, account, taken, wallet)
}

export function noteSettled(context: CheckerContext, settlement: Settlement): void {
  const { accountId, holdId, hold, charge } = settlement
  const account = accountOf(context.seen, accountId)
  const taken = account.holds.get(holdKey(holdId, hold.nonce))
  verify(taken !== undefined, 'S4', () => `${holdId} settled under a nonce that took no hold`)
  if (!taken) return
  verify(taken.isOpen, 'S4', () => `hold ${holdId} ended twice`)
  const decision = account.decisions.get(holdId)
  verify(decision !== undefined, 'S4', () => `hold ${holdId} ended before it was decided`)
  if (!decision) return
  const isTwin = decision.nonce !== hold.nonce
  if (isTwin) context.count('twin: given back whole')
  const due = isTwin ? 0n : decision.charge
  verify(charge === due, 'S7', () => `${holdId} decided ${due}, took ${charge}`)
  verify(charge >= 0n && charge <= taken.amount, 'S6', () => `${holdId} took ${charge}`)
  if (charge > 0n) countCharge(context, account, taken)
  taken.isOpen = false
  account.held -= taken.amount
  account.open -= 1
  account.charged += charge
  settleCounters(account, taken, { charge, decision: isTwin ? undefined : decision })
  checkWallet(context, accountId)
  const wallet = context.walletOf(accountId)
  if (wallet) checkCounters(context, account, taken, wallet)
}

const dayMs = 86_400_000

/** What had changed between a hold and its charge. */
function countCharge(
  { count, nowMs, timeOfId, newestVersion }: CheckerContext,
  { isSuspended, revoked }: SeenAccount,
  { holdId, keyOrdinal, priceVersion }: SeenHold,
): void {
  if (isSuspended) count('charge: of an account that was suspended meanwhile')
  if (revoked.has(keyOrdinal)) count('charge: of a key that was revoked meanwhile')
  if (priceVersion !== newestVersion()) count('charge: at a price that has changed meanwhile')
  const isOtherDay = Math.floor(timeOfId(holdId) / dayMs) !== Math.floor(nowMs() / dayMs)
  if (isOtherDay) count('charge: on another day than its hold')
}

/** Against everything that was applied to the account so far. */
export function checkWallet(context: CheckerContext, accountId: string): void {
  const wallet = context.walletOf(accountId)
  if (!wallet) return
  context.tell(() => shown(wallet))
  const account = accountOf(context.seen, accountId)
  verify(wallet.available >= 0n && wallet.held >= 0n, 'S1', () => shown(wallet))
  const due = account.credited + account.refunded + account.adjusted - account.charged
  verify(wallet.available + wallet.held === due, 'S2', () => `${due} due, ${shown(wallet)}`)
  verify(wallet.held === account.held, 'S3', () => `${account.held} held, ${shown(wallet)}`)
  verify(wallet.holds.size === account.open, 'S3', () => `${account.open} open, ${shown(wallet)}`)
  for (const [holdId, hold] of wallet.holds) checkOpen(account, holdId, hold)
}

/** Suspension and revocation stop paid use with the write that says so. */
function checkStops({ accountId, isSuspended, revoked }: SeenAccount, keyOrdinal: number): void {
  verify(!isSuspended, 'stop', () => `${accountId} took a hold while suspended`)
  verify(!revoked.has(keyOrdinal), 'stop', () => `${accountId} took a hold with a revoked key`)
}

/** Whatever has an open hold stands in a minute of the sweeper's index. */
export function checkIndexed(context: CheckerContext, accountId: string): void {
  const wallet = context.walletOf(accountId)
  const isIndexed = !wallet || wallet.holds.size === 0 || wallet.sweepBucket !== undefined
  verify(isIndexed, 'L1', () => `${accountId} has open holds, and no sweeper will look at it`)
}

function checkOpen(
  account: SeenAccount,
  holdId: string,
  hold: { readonly nonce: string; readonly amount: bigint },
): void {
  const taken = account.holds.get(holdKey(holdId, hold.nonce))
  const isSame = taken?.isOpen === true && taken.amount === hold.amount
  verify(isSame, 'S3', () => `the wallet shows hold ${holdId}, which is not open`)
}

const madeKey = (holdId: string, expiresAtSec: number): string => `${holdId} ${expiresAtSec}`

const shown = ({ accountId, available, held, spent, holds }: Wallet): string =>
  `${accountId}: available ${available}, held ${held}, spent ${spent}, ${holds.size} holds`
