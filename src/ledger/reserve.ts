/**
 * Taking a hold: one conditional write decides whether a request may run. A refusal is read off the
 * items that the failed conditions return, so that it costs no second read.
 */
import { absurd, InvariantError } from '../protocol/assert.ts'
import type { Sleep } from '../protocol/clock.ts'
import { limits } from '../protocol/limits.ts'
import type { LimitKind } from './counters.ts'
import { type ClaimRefusal, isFreed, refusalOfClaim } from './idempotency.ts'
import type { HoldStore, Reservation, StoredClaim } from './ports.ts'
import { resolveUnknown } from './retry.ts'
import type { Hold, Wallet } from './wallet.ts'

/** The hold without its nonce: every try of the write gets one of its own. */
export type ReserveOrder = Omit<Reservation, 'hold'> & {
  readonly hold: Omit<Hold, 'nonce'>
  /** By which a retry of this very request is recognised; every nonce begins with it. */
  readonly retryTag?: string | undefined
}

export type ReserveRefusal =
  | { readonly kind: 'no_wallet' }
  | { readonly kind: 'suspended' }
  | { readonly kind: 'key_revoked' }
  /** Its limits are others than those of the order: read it again. */
  | { readonly kind: 'key_changed' }
  | { readonly kind: 'duplicate' }
  /** The id is older than what the account's books are closed at. */
  | { readonly kind: 'closed' }
  | { readonly kind: 'open_holds' }
  | { readonly kind: 'counter'; readonly limit: LimitKind }
  /** `available` is short; `available + held` may cover it once running requests have ended. */
  | { readonly kind: 'balance'; readonly available: bigint; readonly held: bigint }
  | ClaimRefusal

export type Reserved =
  | { readonly kind: 'held'; readonly hold: Hold; readonly counters?: SeenCounters }
  | {
      readonly kind: 'refused'
      readonly refusal: ReserveRefusal
      readonly counters?: SeenCounters
    }
  | { readonly kind: 'unavailable' }

/** The order's counters as the write left or found them; undefined where it could not tell, or counts none. */
export type SeenCounters = ReadonlyMap<string, bigint> | undefined

export type ReserveDeps = {
  readonly store: Pick<HoldStore, 'reserve' | 'readDecision'>
  /** Resolves the wallet's own expired holds; true when it released any. */
  readonly repair: (wallet: Wallet) => Promise<boolean>
  readonly newNonce: () => string
  readonly sleep: Sleep
}

export async function reserve(deps: ReserveDeps, order: ReserveOrder): Promise<Reserved> {
  // An empty counter cannot refuse by comparison, so what no counter could admit stops here.
  const hopeless = order.charges.find(({ add, cap }) => add > cap)
  if (hopeless) {
    return { kind: 'refused', refusal: { kind: 'counter', limit: hopeless.kind } }
  }
  const first = await attempt(deps, order)
  if (first.kind !== 'refused') return first
  const { wallet } = first
  // Held money of crashed requests must not wait for the schedule while its owner is refused.
  if (wallet && repairHelps(first.refusal)) {
    const repaired = await orUnavailable(() => deps.repair(wallet))
    if (repaired.kind === 'unavailable') return repaired
    if (repaired.value) return withCounters(await attempt(deps, order), order)
  }
  return withCounters(first, order)
}

/** Without a name of it where there is nothing to tell. */
function seenOn(
  wallet: Wallet | undefined,
  { charges }: Pick<ReserveOrder, 'charges'>,
): { readonly counters?: SeenCounters } {
  if (!wallet || charges.length === 0) return {}
  return { counters: new Map(charges.map(({ name }) => [name, wallet.counters.get(name) ?? 0n])) }
}

function withCounters(tried: Attempt, order: ReserveOrder): Reserved {
  if (tried.kind !== 'refused') return tried
  const { refusal, wallet } = tried
  return { kind: 'refused', refusal, ...seenOn(wallet, order) }
}

type Attempt =
  | Exclude<Reserved, { kind: 'refused' }>
  | {
      readonly kind: 'refused'
      readonly refusal: ReserveRefusal
      readonly wallet: Wallet | undefined
    }

async function attempt(deps: ReserveDeps, order: ReserveOrder): Promise<Attempt> {
  const tried = await write(deps, order)
  if (tried.kind !== 'refused' || tried.claim === undefined || !order.claim) return tried
  const { claim } = tried
  if (claim.fingerprint !== order.claim.fingerprint) {
    return { ...tried, refusal: { kind: 'claim_reused' } }
  }
  const read = await orUnavailable(() => deps.store.readDecision(order.accountId, claim.holdId))
  if (read.kind === 'unavailable') return read
  const { value: decision } = read
  if (!isFreed(decision)) return { ...tried, refusal: refusalOfClaim(claim, decision) }
  // Of two that take over the same freed claim, the condition lets one through.
  const takenOver = { ...order, claim: { ...order.claim, replaces: claim.holdId } }
  const again = await write(deps, takenOver)
  if (again.kind !== 'refused' || again.claim === undefined) return again
  return { ...again, refusal: refusalOfClaim(again.claim, undefined) }
}

/** A store that does not answer while nothing is held is no fault of ours, and may be asked again. */
async function orUnavailable<T>(
  ask: () => Promise<T>,
): Promise<{ readonly kind: 'answered'; readonly value: T } | { readonly kind: 'unavailable' }> {
  try {
    return { kind: 'answered', value: await ask() }
  } catch (error) {
    if (error instanceof InvariantError) throw error
    return { kind: 'unavailable' }
  }
}

type Written = Attempt & { readonly claim?: StoredClaim | undefined }

/**
 * A try whose reply was lost may still arrive, even after the hold of a later try was settled: that
 * twin must not be taken for the hold that the decision ended. Hence a nonce for each try.
 */
async function write(deps: ReserveDeps, order: ReserveOrder): Promise<Written> {
  const tries: Hold[] = []
  const outcome = await resolveUnknown(() => {
    const { retryTag = '', ...reservation } = order
    const hold: Hold = { ...order.hold, nonce: `${retryTag}${deps.newNonce()}` }
    tries.push(hold)
    return deps.store.reserve({ ...reservation, hold })
  }, deps.sleep)
  switch (outcome.kind) {
    case 'held': {
      const hold = tries.at(-1)
      const { counters } = outcome
      return hold
        ? { kind: 'held', hold, ...(counters ? { counters } : {}) }
        : { kind: 'unavailable' }
    }
    case 'unknown':
      return { kind: 'unavailable' }
    case 'refused': {
      const { wallet, claim } = outcome
      const nonce = wallet?.holds.get(order.holdId)?.nonce
      const own = tries.find((hold) => hold.nonce === nonce)
      if (own) return { kind: 'held', hold: own, ...seenOn(wallet, order) }
      // The claim is ours, so an earlier try went through, and its hold is gone already.
      if (claim?.holdId === order.holdId) return { kind: 'unavailable' }
      return { kind: 'refused', refusal: refusalOf(wallet, order), wallet, claim }
    }
    default:
      return absurd(outcome)
  }
}

/** Why the wallet's condition failed. */
export function refusalOf(
  wallet: Wallet | undefined,
  {
    holdId,
    hold,
    keyOrdinal,
    secret,
    keyVersion,
    charges,
  }: Pick<ReserveOrder, 'holdId' | 'hold' | 'keyOrdinal' | 'secret' | 'keyVersion' | 'charges'>,
): ReserveRefusal {
  if (!wallet) return { kind: 'no_wallet' }
  if (wallet.holds.has(holdId)) return { kind: 'duplicate' }
  if (wallet.closedBefore !== undefined && holdId <= wallet.closedBefore) return { kind: 'closed' }
  if (wallet.status !== 'active') return { kind: 'suspended' }
  if (wallet.revokedKeyOrdinals.has(keyOrdinal)) return { kind: 'key_revoked' }
  const isReplaced = secret !== undefined && secret < (wallet.oldestSecrets.get(keyOrdinal) ?? 0)
  if (isReplaced) return { kind: 'key_revoked' }
  const limitsSince = wallet.limitVersions.get(keyOrdinal) ?? 0
  if (keyVersion !== undefined && keyVersion < limitsSince) return { kind: 'key_changed' }
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
