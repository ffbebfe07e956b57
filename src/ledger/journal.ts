/**
 * The double-entry journal: every movement of money is an entry whose legs sum to zero, between
 * accounts that its kind may move money between. Charges are entries too; they are stored as
 * receipts, and everything else under the accounts that it touches.
 */
import type { NanoUsd } from '../money/nano-usd.ts'
import { assert } from '../protocol/assert.ts'

/**
 * `customer` prepaid money · `host` earned and payable · `escrow` late claims that wait · `in_transit`
 * closed payouts under way · `wash` money outside · `promo` granted by us · `undistributed` charges
 * not yet accrued · `fees` ours · `unpayable` shares that accrue to nobody · `shortfall` our losses ·
 * `adjustments` corrections by operators.
 */
const ownedKinds = ['customer', 'host', 'escrow', 'in_transit'] as const
const sharedKinds = [
  'wash',
  'promo',
  'undistributed',
  'fees',
  'unpayable',
  'shortfall',
  'adjustments',
] as const
type OwnedKind = (typeof ownedKinds)[number]
type SharedKind = (typeof sharedKinds)[number]
type LedgerAccountKind = OwnedKind | SharedKind

/** `owner` is an account id for customers and a node id for hosts. */
export type LedgerAccount =
  | { readonly kind: OwnedKind; readonly owner: string }
  | { readonly kind: SharedKind }

/** What an account gains; negative for what it gives. */
export type Leg = { readonly account: LedgerAccount; readonly amount: NanoUsd }

/** Per kind of entry: from which accounts to which its money may move. */
const routes = {
  top_up: [['wash', 'customer']],
  grant: [['promo', 'customer']],
  charge: [['customer', 'undistributed']],
  accrual: [
    ['undistributed', 'host'],
    ['undistributed', 'unpayable'],
    ['undistributed', 'fees'],
  ],
  refund: [
    ['shortfall', 'customer'],
    ['fees', 'customer'],
    ['host', 'customer'],
  ],
  adjustment: [
    ['adjustments', 'customer'],
    ['customer', 'adjustments'],
  ],
  late_claim: [['shortfall', 'escrow']],
  late_release: [['escrow', 'host']],
  payout: [['host', 'in_transit']],
  payout_paid: [['in_transit', 'wash']],
  payout_returned: [['in_transit', 'host']],
} as const satisfies Readonly<
  Record<string, readonly (readonly [from: LedgerAccountKind, to: LedgerAccountKind])[]>
>

export type EntryKind = keyof typeof routes
/** Kinds that are stored as entries; a charge is stored as its receipt. */
export type StoredEntryKind = Exclude<EntryKind, 'charge'>

export type Entry = {
  readonly entryId: string
  readonly kind: StoredEntryKind
  readonly legs: readonly Leg[]
  /** The same one is posted once, whoever repeats it. */
  readonly reference: string
  readonly atMs: number
  /** Operator key, or the name of what posted it. */
  readonly by: string
  /** What the entry is about: a hold id, a period, a ticket hash, an operator's reason. */
  readonly about: string
}

/** S5, and that only listed pairs of accounts post to each other even where the sum is zero. */
export function assertLegs(kind: EntryKind, legs: readonly Leg[], id: string): void {
  const sum = legs.reduce((total, leg) => total + leg.amount, 0n)
  assert(sum === 0n, 'S5 legs sum to zero', { id, kind, sum })
  const givers = legs.filter((leg) => leg.amount < 0n)
  const takers = legs.filter((leg) => leg.amount > 0n)
  for (const { account: from } of givers) {
    for (const { account: to } of takers) {
      const isListed = routes[kind].some(([a, b]) => a === from.kind && b === to.kind)
      assert(isListed, 'S5 these accounts may post to each other', { id, kind, from, to })
    }
  }
}

/** Two legs: `amount` ≥ 0 from one account to another. */
export function move(amount: NanoUsd, from: LedgerAccount, to: LedgerAccount): Leg[] {
  return [
    { account: from, amount: -amount },
    { account: to, amount },
  ]
}

/** What one account gains by the legs, all its legs together. */
export function netOf(legs: readonly Leg[], kind: LedgerAccountKind, owner?: string): NanoUsd {
  return legs
    .filter(({ account }) => account.kind === kind && ownerOf(account) === owner)
    .reduce((sum, leg) => sum + leg.amount, 0n)
}

/** `customer:acct_…`, `fees`: as accounts are stored and shown. */
export function accountName(account: LedgerAccount): string {
  const owner = ownerOf(account)
  return owner === undefined ? account.kind : `${account.kind}:${owner}`
}

/** Undefined for what is no account of the ledger. */
export function parseAccountName(name: string): LedgerAccount | undefined {
  const [kind, ...rest] = name.split(':')
  const owned = ownedKinds.find((one) => one === kind)
  if (owned) return rest.length === 1 && rest[0] ? { kind: owned, owner: rest[0] } : undefined
  const shared = sharedKinds.find((one) => one === kind)
  return shared && rest.length === 0 ? { kind: shared } : undefined
}

const ownerOf = (account: LedgerAccount): string | undefined =>
  'owner' in account ? account.owner : undefined
