/**
 * Taking a hold: one conditional write decides whether a request may run. A refusal is read off the
 * wallet that the failed condition returns, so that it costs no second read.
 */
import { absurd } from '../protocol/assert.ts'
import type { Sleep } from '../protocol/clock.ts'
import { limits } from '../protocol/limits.ts'
import type { LimitKind } from './counters.ts'
import type { HoldStore, Reservation } from './ports.ts'
import { resolveUnknown } from './retry.ts'
import type { Wallet } from './wallet.ts'

export type ReserveRefusal =
  | { readonly kind: 'no_wallet' }
  | { readonly kind: 'suspended' }
  | { readonly kind: 'key_revoked' }
  | { readonly kind: 'duplicate' }
  | { readonly kind: 'open_holds' }
  | { readonly kind: 'counter'; readonly limit: LimitKind }
  /** `available` is short; `available + held` may cover it once running requests have ended. */
  | { readonly kind: 'balance'; readonly available: bigint; readonly held: bigint }

export type Reserved =
  | { readonly kind: 'held' }
  | { readonly kind: 'refused'; readonly refusal: ReserveRefusal }
  | { readonly kind: 'unavailable' }

export type ReserveDeps = {
  readonly store: Pick<HoldStore, 'reserve'>
  /** Resolves the wallet's own expired holds; true when it released any. */
  readonly repair: (wallet: Wallet) => Promise<boolean>
  readonly sleep: Sleep
}

export async function reserve(deps: ReserveDeps, reservation: Reservation): Promise<Reserved> {
  // An empty counter cannot refuse by comparison, so what no counter could admit stops here.
  const hopeless = reservation.charges.find(({ add, cap }) => add > cap)
  if (hopeless) {
    return { kind: 'refused', refusal: { kind: 'counter', limit: hopeless.kind } }
  }
  const first = await attempt(deps, reservation)
  if (first.kind !== 'refused' || !first.wallet || !repairHelps(first.refusal)) return first
  // Held money of crashed requests must not wait for the schedule while its owner is refused.
  const repaired = await deps.repair(first.wallet)
  return repaired ? attempt(deps, reservation) : first
}

type Attempt = Reserved & { readonly wallet?: Wallet | undefined }

async function attempt(deps: ReserveDeps, reservation: Reservation): Promise<Attempt> {
  const outcome = await resolveUnknown(() => deps.store.reserve(reservation), deps.sleep)
  switch (outcome.kind) {
    case 'held':
      return { kind: 'held' }
    case 'unknown':
      return { kind: 'unavailable' }
    case 'refused': {
      const refusal = refusalOf(outcome.wallet, reservation)
      if (refusal === 'own_hold') return { kind: 'held' }
      return { kind: 'refused', refusal, wallet: outcome.wallet }
    }
    default:
      return absurd(outcome)
  }
}

/** Why the condition failed, or that the hold is our own whose reply was lost. */
export function refusalOf(
  wallet: Wallet | undefined,
  { holdId, hold, keyOrdinal, charges }: Reservation,
): ReserveRefusal | 'own_hold' {
  if (!wallet) return { kind: 'no_wallet' }
  const existing = wallet.holds.get(holdId)
  if (existing) return existing.nonce === hold.nonce ? 'own_hold' : { kind: 'duplicate' }
  if (wallet.status !== 'active') return { kind: 'suspended' }
  if (wallet.revokedKeyOrdinals.has(keyOrdinal)) return { kind: 'key_revoked' }
  const full = charges.find(({ name, add, cap }) => (wallet.counters.get(name) ?? 0n) + add > cap)
  if (full) return { kind: 'counter', limit: full.kind }
  if (wallet.available < hold.amount) {
    return { kind: 'balance', available: wallet.available, held: wallet.held }
  }
  return { kind: 'open_holds' }
}

function repairHelps(refusal: ReserveRefusal): boolean {
  return ['balance', 'open_holds', 'counter'].includes(refusal.kind)
}

/** The condition's bound on open holds, for the store. */
export const openHoldsMax = limits.openHolds
