/**
 * Journal entries as they are stored: whole under their reference, which is taken once, and once
 * more under every customer and host that they touch. An entry with many legs, an accrual over
 * dozens of hosts, leaves only its reference there.
 */
import * as z from 'zod'
import {
  accountName,
  assertLegs,
  type Entry,
  type Leg,
  move,
  parseAccountName,
  type StoredEntryKind,
} from '../../../ledger/journal.ts'
import type { JournalOwner } from '../../../ledger/journal-ports.ts'
import { assert } from '../../../protocol/assert.ts'
import { Amount, Int } from '../item-fields.ts'
import { hostPartition } from './earnings-item.ts'

/** Copies are written to each owner, so they stay within one write unit. */
const copiedLegsMax = 6

const LegItem = z.strictObject({
  account: z.string().transform((name, context) => {
    const account = parseAccountName(name)
    if (account) return account
    context.addIssue(`${name} is no account of the ledger`)
    return z.NEVER
  }),
  amount: Amount,
})

const Kind = z.enum({
  top_up: 'top_up',
  grant: 'grant',
  accrual: 'accrual',
  refund: 'refund',
  adjustment: 'adjustment',
  late_claim: 'late_claim',
  late_release: 'late_release',
  payout: 'payout',
  payout_paid: 'payout_paid',
  payout_returned: 'payout_returned',
} satisfies { readonly [Name in StoredEntryKind]: Name })

const Whole = z.strictObject({
  pk: z.string(),
  sk: z.string(),
  entryId: z.string(),
  kind: Kind,
  legs: z.array(LegItem),
  reference: z.string(),
  atMs: Int,
  by: z.string(),
  about: z.string(),
})

/** From before there were legs: money that came in from outside or as a grant. */
const Credit = z
  .strictObject({
    pk: z.string(),
    sk: z.string(),
    /** On the reference's item, where the partition does not tell it. */
    accountId: z.string().optional(),
    entryId: z.string(),
    kind: z.enum(['top_up', 'grant']),
    amount: Amount,
    reference: z.string(),
    atMs: Int,
  })
  .transform(({ amount, accountId, ...credit }) => ({
    ...credit,
    legs: move(
      amount,
      { kind: credit.kind === 'top_up' ? 'wash' : 'promo' },
      { kind: 'customer', owner: accountId ?? credit.pk },
    ),
    by: '',
    about: '',
  }))

const WithReference = z.strictObject({ pk: z.string(), sk: z.string(), reference: z.string() })

/** The sort key is older than the journal: what was credited then must stay taken. */
export const referenceKey = (reference: string) => ({ pk: `reference#${reference}`, sk: 'credit' })

export const entryPrefix = 'entry#'

export const ownerPartition = (owner: JournalOwner): string =>
  owner.kind === 'customer' ? owner.accountId : hostPartition(owner.nodeId)

export const toReferenceItem = (entry: Entry) => ({
  ...referenceKey(entry.reference),
  ...toFields(entry),
})

/** One per owner of the entry's legs. */
export function toOwnerItems(entry: Entry): Record<string, unknown>[] {
  const rest = entry.legs.length > copiedLegsMax ? { reference: entry.reference } : toFields(entry)
  const sk = `${entryPrefix}${entry.entryId}`
  return ownersOf(entry.legs).map((owner) => ({ pk: ownerPartition(owner), sk, ...rest }))
}

/** Of a reference or of an owner; asserts S5. */
export function fromEntryItem(item: Readonly<Record<string, unknown>>): Entry {
  const { pk: _, sk: __, ...entry } = 'legs' in item ? Whole.parse(item) : Credit.parse(item)
  assertLegs(entry.kind, entry.legs, entry.entryId)
  return entry
}

/** The reference under which an owner's entry is to be found; undefined where it is whole itself. */
export function referenceOfItem(item: Readonly<Record<string, unknown>>): string | undefined {
  return 'entryId' in item ? undefined : WithReference.parse(item).reference
}

function toFields({ legs, ...entry }: Entry) {
  return { ...entry, legs: legs.map(toLegItem) }
}

function toLegItem({ account, amount }: Leg) {
  const name = accountName(account)
  assert(parseAccountName(name) !== undefined, 'an account is found again by its name', { name })
  return { account: name, amount }
}

function ownersOf(legs: readonly Leg[]): JournalOwner[] {
  const owners = legs.flatMap(({ account }): JournalOwner[] => {
    if (!('owner' in account)) return []
    return account.kind === 'customer'
      ? [{ kind: 'customer', accountId: account.owner }]
      : [{ kind: 'host', nodeId: account.owner }]
  })
  return [...new Map(owners.map((owner) => [ownerPartition(owner), owner])).values()]
}
