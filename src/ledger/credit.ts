/** Money that comes in: paid from outside, or granted by us. The same reference credits once. */
import type { NanoUsd } from '../money/nano-usd.ts'
import { type Entry, type LedgerAccount, move } from './journal.ts'
import { type PostDeps, post } from './post.ts'

export type Credit = {
  readonly accountId: string
  readonly kind: 'top_up' | 'grant'
  readonly amount: NanoUsd
  /** The payment's or the operator's own id. */
  readonly reference: string
  readonly by: string
}

export type Credited =
  | { readonly kind: 'credited'; readonly entry: Entry }
  /** The reference stands already, for this credit or for something else. */
  | { readonly kind: 'credited_before'; readonly entry: Entry; readonly isSame: boolean }
  | { readonly kind: 'no_account' }
  | { readonly kind: 'unavailable' }

export async function credit(deps: PostDeps, order: Credit): Promise<Credited> {
  const { accountId, kind, amount, reference, by } = order
  const source: LedgerAccount = { kind: kind === 'top_up' ? 'wash' : 'promo' }
  const legs = move(amount, source, { kind: 'customer', owner: accountId })
  const posted = await post(deps, { kind, legs, reference, by, about: '' })
  switch (posted.kind) {
    case 'posted':
      return { kind: 'credited', entry: posted.entry }
    case 'posted_before':
      return { kind: 'credited_before', entry: posted.entry, isSame: isSame(posted.entry, order) }
    case 'refused':
      return { kind: 'no_account' }
    case 'unavailable':
      return posted
  }
}

function isSame(entry: Entry, { accountId, kind, amount }: Credit): boolean {
  return entry.kind === kind && customerGain(entry, accountId) === amount
}

/** What the customer of the entry gained; undefined where it is not about this customer. */
export function customerGain({ legs }: Entry, accountId: string): NanoUsd | undefined {
  const own = legs.filter(
    ({ account }) => account.kind === 'customer' && account.owner === accountId,
  )
  return own.length === 0 ? undefined : own.reduce((sum, leg) => sum + leg.amount, 0n)
}
