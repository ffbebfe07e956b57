/** What a random call asks of a ledger, and what came of it. */
import { assertLegs, type Entry } from '../../src/ledger/journal.ts'
import type { PostOutcome } from '../../src/ledger/journal-ports.ts'
import type {
  DecideOutcome,
  Reservation,
  ReserveOutcome,
  SettleOutcome,
} from '../../src/ledger/ports.ts'
import type { Hold } from '../../src/ledger/wallet.ts'
import { absurd } from '../../src/protocol/assert.ts'
import type { Call } from './random-calls.ts'
import { entryOf, guardOf } from './random-postings.ts'
import type { Names } from './sequence-names.ts'
import { decisionOf, type LedgerUnderTest } from './world.ts'

/** The same id and nonce are always the same hold. */
function holdOf(hold: number, nonce: number): Omit<Hold, 'expiresAtSec'> {
  const amount = amounts[(hold * 2 + nonce) % amounts.length] ?? 0n
  return { amount, nonce: `nonce-${nonce}`, priceVersion: 3, counted: undefined }
}

const amounts = [0n, 1n, 30n, 60n, 90n, 150n, 250n]
const farSec = 4_000_000_000

export type Answer =
  | { readonly to: 'reserve'; readonly order: Reservation; readonly outcome: ReserveOutcome }
  | { readonly to: 'post'; readonly entryKind: Entry['kind']; readonly outcome: PostOutcome }
  | { readonly to: 'end'; readonly outcome: DecideOutcome | SettleOutcome }
  | { readonly to: 'other'; readonly kind: Call['kind']; readonly outcome: unknown }

/** `step` is the call's place in its sequence. */
export async function callLedger(
  ledger: LedgerUnderTest,
  call: Call,
  at: { readonly names: Names; readonly step: number },
): Promise<Answer> {
  const { holds, journal } = ledger
  const { names } = at
  switch (call.kind) {
    case 'reserve': {
      const order = reservationOf(call, names)
      return { to: 'reserve', order, outcome: await holds.reserve(order) }
    }
    case 'settle': {
      const hold = { ...holdOf(call.hold, call.nonce), expiresAtSec: 0 }
      const charge = (hold.amount * BigInt(call.thirds)) / 3n
      const returns = call.returns.map(({ counter, back }) => {
        return { name: names.counter(counter), back }
      })
      const outcome = await holds.settle({ ...holdIds(call.hold, names), hold, charge, returns })
      return { to: 'end', outcome }
    }
    case 'decide': {
      const nonce = call.nonce === undefined ? undefined : `nonce-${call.nonce}`
      const hold = { ...holdOf(call.hold, 0), expiresAtSec: 0 }
      const { charge, status } = call
      const decision = decisionOf({ ...holdIds(call.hold, names), hold }, { charge, status, nonce })
      return { to: 'end', outcome: await holds.decide(decision) }
    }
    case 'post': {
      const { kind, legs } = entryOf(call.entry, names)
      const entryId = names.entry(at.step)
      assertLegs(kind, legs, entryId)
      const reference = names.reference(call.reference)
      const entry = { entryId, kind, legs, reference, atMs: at.step, by: 'contract', about: '' }
      const guards = call.guards.map((guard) => guardOf(guard, names))
      return { to: 'post', entryKind: kind, outcome: await journal.post({ entry, guards }) }
    }
    default:
      return { to: 'other', kind: call.kind, outcome: await otherCall(ledger, call, at) }
  }
}

function otherCall(
  { sweeps, accounts, journal, closing, revokeKey }: LedgerUnderTest,
  call: Exclude<Call, { kind: 'reserve' | 'settle' | 'decide' | 'post' }>,
  { names, step }: { readonly names: Names; readonly step: number },
): Promise<unknown> {
  switch (call.kind) {
    case 'move_bucket': {
      const [from, to] = [names.bucket(call.from), names.bucket(call.to)]
      return sweeps.moveBucket({ accountId: names.account(call.account), from, to })
    }
    case 'leave_buckets': {
      const from = names.bucket(call.from)
      return sweeps.leaveBuckets({ accountId: names.account(call.account), from })
    }
    case 'accounts_in_bucket':
      return sweeps.accountsInBucket(names.bucket(call.bucket), call.limit)
    case 'drop_counters':
      return sweeps.dropCounters({
        accountId: names.account(call.account),
        names: call.counters.map(names.counter),
        closedBefore: names.hold(call.before),
      })
    case 'set_status':
      return accounts.setStatus(names.account(call.account), call.status)
    case 'close_before':
      return closing.closeBefore(names.account(call.account), names.hold(call.hold))
    case 'decisions_between':
      return closing.decisionsBetween({
        accountId: names.account(call.account),
        after: call.after === undefined ? undefined : names.hold(call.after),
        before: names.hold(call.before),
        limit: call.limit,
      })
    case 'request_adjustment':
      return journal.requestAdjustment({
        reference: names.adjustment(call.adjustment),
        accountId: names.account(call.account),
        amount: call.amount,
        reason: `step ${step}`,
        requestedBy: 'operator-1',
        requestedAtMs: step,
        state: 'requested',
      })
    case 'revoke_key':
      return revokeKey(names.account(call.account), call.key)
    default:
      return absurd(call)
  }
}

const holdIds = (hold: number, names: Names) => ({
  accountId: names.accountOfHold(hold),
  holdId: names.hold(hold),
})

function reservationOf(call: Extract<Call, { kind: 'reserve' }>, names: Names): Reservation {
  const { hold, nonce, claim } = call
  const charged = new Set(call.charges.map(({ counter }) => counter))
  return {
    ...holdIds(hold, names),
    hold: { ...holdOf(hold, nonce), expiresAtSec: names.expiresAtSec(call.bucket) },
    keyOrdinal: call.key,
    charges: call.charges.map(({ counter, add, cap }) => {
      return { name: names.counter(counter), kind: 'rpm', add, cap } as const
    }),
    // One write cannot both raise and remove a counter.
    dropCounters: call.drops.filter((counter) => !charged.has(counter)).map(names.counter),
    claim: claim && {
      claimHash: names.claim(claim.claim),
      fingerprint: `body-${claim.fingerprint}`,
      nowSec: farSec + claim.nowSec,
      expiresAtSec: farSec + claim.expiresAtSec,
      replaces: claim.replaces === undefined ? undefined : names.hold(claim.replaces),
    },
  }
}
