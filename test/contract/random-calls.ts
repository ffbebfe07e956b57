/**
 * Random calls of the ledger's ports, over so few accounts, holds, nonces and references that they
 * meet all the time. A call is plain data, so that a failing sequence shrinks to the calls that matter.
 */
import fc from 'fast-check'
import type { Guard } from '../../src/ledger/journal-ports.ts'
import type { Wallet } from '../../src/ledger/wallet.ts'

const index = (count: number) => fc.nat({ max: count - 1 })

export const counts = {
  /** The last one was never created. */
  accounts: 3,
  holds: 6,
  counters: 3,
  keys: 3,
  claims: 2,
  buckets: 2,
  nodes: 2,
  periods: 2,
  tickets: 2,
  references: 40,
  adjustments: 2,
} as const

const account = fc.constantFrom(0, 0, 1, 1, 2)
const hold = index(counts.holds)
const nonce = fc.constantFrom(0, 0, 0, 1)
const counter = index(counts.counters)
const bucket = index(counts.buckets)
const node = fc.constantFrom(0, 0, 0, 1)
const amount = fc.bigInt({ min: 0n, max: 60n })
const part = fc.bigInt({ min: 0n, max: 30n })
const small = fc.bigInt({ min: 0n, max: 3n })
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
const callOf = <Kind extends string, Fields>(
  kind: Kind,
  fields: { [Name in keyof Fields]: fc.Arbitrary<Fields[Name]> },
): fc.Arbitrary<{ readonly kind: Kind } & Fields> =>
  fc.record<Fields>(fields).map((drawn) => ({ kind, ...drawn }))

const charges = fc.uniqueArray(fc.record({ counter, add: small, cap: small }), {
  maxLength: 2,
  selector: (one) => one.counter,
})
const claim = fc.record({
  claim: index(counts.claims),
  fingerprint: index(2),
  nowSec: index(2),
  expiresAtSec: index(4),
  replaces: maybe(hold),
})

const holdCalls = [
  {
    weight: 8,
    arbitrary: callOf('reserve', {
      hold,
      nonce,
      bucket,
      key: index(counts.keys),
      charges,
      drops: fc.uniqueArray(counter, { maxLength: 1 }),
      claim: fc.option(claim, { nil: undefined, freq: 2 }),
    }),
  },
  {
    weight: 5,
    arbitrary: callOf('settle', {
      hold,
      nonce,
      thirds: index(4),
      returns: fc.uniqueArray(fc.record({ counter, back: small }), {
        maxLength: 2,
        selector: (one) => one.counter,
      }),
    }),
  },
  {
    weight: 4,
    arbitrary: callOf('decide', {
      hold,
      nonce: maybe(nonce),
      charge: amount,
      status: fc.constantFrom('completed' as const, 'failed' as const, 'expired' as const),
    }),
  },
] as const

const walletCalls = [
  { weight: 2, arbitrary: callOf('move_bucket', { account, from: bucket, to: bucket }) },
  { weight: 3, arbitrary: callOf('leave_buckets', { account, from: bucket }) },
  { weight: 1, arbitrary: callOf('accounts_in_bucket', { bucket, limit: index(4) }) },
  {
    weight: 1,
    arbitrary: callOf('drop_counters', {
      account: index(2),
      counters: fc.uniqueArray(counter, { minLength: 1 }),
      before: hold,
    }),
  },
  {
    weight: 2,
    arbitrary: callOf('set_status', {
      account,
      status: fc.constantFrom<Wallet['status'][]>('active', 'active', 'suspended'),
    }),
  },
  { weight: 1, arbitrary: callOf('close_before', { account, hold }) },
  {
    weight: 2,
    arbitrary: callOf('decisions_between', {
      account,
      after: maybe(hold),
      before: hold,
      limit: fc.integer({ min: 1, max: 3 }),
    }),
  },
] as const

/** Guards by numbers; the rest of each follows from them. */
const guard = fc.oneof(
  callOf('refund', { hold, amount, charge: amount }),
  callOf('payout', {
    node,
    period: index(counts.periods),
    amount,
    state: fc.constantFrom('in_transit' as const, 'paid' as const, 'returned' as const),
  }),
  callOf('late_claim', {
    ticket: index(counts.tickets),
    amount,
    state: fc.constantFrom('escrowed' as const, 'released' as const),
  }),
  callOf('late_day', { node, amount, amountMax: amount, countMax: index(4) }),
  callOf('book', { account, from: maybe(hold), to: hold, charges: amount }),
  callOf('approval', { adjustment: index(counts.adjustments) }),
)

const accrual = callOf('accrual', { amounts: fc.tuple(amount, amount), fee: amount })
const postings = [
  callOf('top_up', { account, amount }),
  callOf('grant', { account, amount }),
  callOf('adjustment', { account, amount: fc.bigInt({ min: -60n, max: 60n }) }),
  callOf('platform_refund', { account, amount }),
  callOf('host_refund', { account, node, amount: part }),
  // Most others take what accruals and payouts have brought.
  accrual,
  accrual,
  accrual,
  callOf('late_claim', { node, amount }),
  callOf('late_release', { node, amount: part }),
  callOf('payout', { node, amount }),
  callOf('payout', { node, amount: part }),
  callOf('payout_paid', { node, amount: part }),
  callOf('payout_returned', { node, amount: part }),
] as const

const journalCalls = [
  {
    weight: 14,
    arbitrary: callOf('post', {
      reference: index(counts.references),
      entry: fc.oneof(...postings),
      guards: fc.oneof(
        fc.constant([]),
        fc.uniqueArray(guard, { maxLength: 2, selector: (one) => one.kind }),
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: callOf('request_adjustment', {
      adjustment: index(counts.adjustments),
      account,
      amount,
    }),
  },
  { weight: 1, arbitrary: callOf('revoke_key', { account: index(2), key: index(counts.keys) }) },
] as const

export const anyCall = fc.oneof(...holdCalls, ...walletCalls, ...journalCalls)

type ValueOf<T> = T extends fc.Arbitrary<infer Value> ? Value : never
export type Call = ValueOf<typeof anyCall>
export type EntryCall = Extract<Call, { kind: 'post' }>['entry']
export type GuardCall = ValueOf<typeof guard> & { readonly kind: Guard['kind'] }
