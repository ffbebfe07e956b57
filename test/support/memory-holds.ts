/** Reserve, decide and settle on plain maps: all conditions first, then all changes, or none. */

import type {
  DecideOutcome,
  Decision,
  IdempotencyClaim,
  Reservation,
  ReserveOutcome,
  Settlement,
  SettleOutcome,
} from '../../src/ledger/ports.ts'
import { openHoldsMax } from '../../src/ledger/reserve.ts'
import { sweepBucketOf, type Wallet } from '../../src/ledger/wallet.ts'
import { type ClaimRecord, changeWallet, type LedgerState } from './memory-state.ts'

/** As in a transaction, each condition that failed returns its own item, and no other. */
export function applyReserve(state: LedgerState, reservation: Reservation): ReserveOutcome {
  const { accountId, holdId, claim } = reservation
  const wallet = state.wallets.get(accountId)
  const standing = claim && state.claims.get(claim.claimHash)
  const refusing = standing && !isFree(standing, claim) ? standing : undefined
  const isHeld = wallet !== undefined && mayHold(wallet, reservation)
  if (!isHeld || refusing) {
    return {
      kind: 'refused',
      wallet: isHeld ? undefined : wallet,
      claim: refusing && { fingerprint: refusing.fingerprint, holdId: refusing.holdId },
    }
  }
  const changed = changeWallet(state, wallet, held(wallet, reservation))
  if (claim) {
    const { fingerprint, expiresAtSec } = claim
    state.claims.set(claim.claimHash, { fingerprint, holdId, expiresAtSec })
  }
  const { counters } = changed
  const told = reservation.charges.map(({ name }) => [name, counters.get(name) ?? 0n] as const)
  // A transaction answers that it was committed and no more.
  return { kind: 'held', counters: claim || told.length === 0 ? undefined : new Map(told) }
}

function isFree(standing: ClaimRecord, claim: IdempotencyClaim): boolean {
  return standing.expiresAtSec <= claim.nowSec || standing.holdId === claim.replaces
}

function mayHold(
  wallet: Wallet,
  { holdId, hold, keyOrdinal, secret, keyVersion, charges }: Reservation,
): boolean {
  return (
    wallet.status === 'active' &&
    !wallet.revokedKeyOrdinals.has(keyOrdinal) &&
    (secret === undefined || (wallet.oldestSecrets.get(keyOrdinal) ?? 0) <= secret) &&
    (keyVersion === undefined || (wallet.limitVersions.get(keyOrdinal) ?? 0) <= keyVersion) &&
    wallet.available >= hold.amount &&
    !wallet.holds.has(holdId) &&
    (wallet.closedBefore === undefined || wallet.closedBefore < holdId) &&
    wallet.holds.size < openHoldsMax &&
    charges.every(({ name, add, cap }) => {
      const value = wallet.counters.get(name)
      return value === undefined || value <= cap - add
    })
  )
}

function held(
  wallet: Wallet,
  { holdId, hold, charges, dropCounters }: Reservation,
): Partial<Wallet> {
  const counters = new Map(wallet.counters)
  for (const { name, add } of charges) counters.set(name, (counters.get(name) ?? 0n) + add)
  for (const name of dropCounters) counters.delete(name)
  return {
    available: wallet.available - hold.amount,
    held: wallet.held + hold.amount,
    holds: new Map(wallet.holds).set(holdId, hold),
    counters,
    sweepBucket: wallet.sweepBucket ?? sweepBucketOf(hold.expiresAtSec),
  }
}

export function applyDecide(state: LedgerState, decision: Decision): DecideOutcome {
  const { accountId, holdId } = decision
  const before = readDecision(state, accountId, holdId)
  if (before) return { kind: 'decided_before', decision: before }
  const decisions = state.decisions.get(accountId)
  if (decisions) decisions.set(holdId, decision)
  else state.decisions.set(accountId, new Map([[holdId, decision]]))
  return { kind: 'decided' }
}

/** By the nonce alone: the amounts are the caller's word, as they are to the database. */
export function applySettle(state: LedgerState, settlement: Settlement): SettleOutcome {
  const { accountId, holdId, hold, charge, returns } = settlement
  const wallet = state.wallets.get(accountId)
  if (!wallet || wallet.holds.get(holdId)?.nonce !== hold.nonce) return { kind: 'applied_before' }
  const holds = new Map(wallet.holds)
  holds.delete(holdId)
  const counters = new Map(wallet.counters)
  // A counter of a period that was cleaned away meanwhile ends at zero.
  for (const { name, back } of returns) counters.set(name, (counters.get(name) ?? back) - back)
  changeWallet(state, wallet, {
    available: wallet.available + hold.amount - charge,
    held: wallet.held - hold.amount,
    spent: wallet.spent + charge,
    holds,
    counters,
  })
  return { kind: 'settled' }
}

export const readDecision = (state: LedgerState, accountId: string, holdId: string) =>
  state.decisions.get(accountId)?.get(holdId)

/** Of a hold that ended by itself, by its id alone. */
export function findExpired(state: LedgerState, holdId: string): Decision | undefined {
  for (const decisions of state.decisions.values()) {
    const decision = decisions.get(holdId)
    if (decision?.receipt.body.result.status === 'expired') return decision
  }
}
