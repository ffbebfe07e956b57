/**
 * Host earnings, projected from receipts. An account's books are closed up to a hold id, after which
 * nothing can change there; then its charges are distributed in order, a page at a time, each page in
 * one transaction that moves the book on. Whoever moved it first has accrued that page.
 */
import type { NanoUsd } from '../money/nano-usd.ts'
import { splitOf } from './charge.ts'
import type { Leg } from './journal.ts'
import type { Book, ClosingStore } from './journal-ports.ts'
import type { Decision } from './ports.ts'
import { type PostDeps, post } from './post.ts'

/** Hosts in one transaction: two items each, and a hundred at most with the rest. */
const decisionsPerPage = 40
const pagesPerAccount = 50

export type AccrueDeps = PostDeps & {
  readonly closing: Pick<ClosingStore, 'closeBefore' | 'decisionsBetween' | 'readBook'>
  /** Whether the customer and the node have the same owner. */
  readonly isOwnTraffic: (accountId: string, nodeId: string) => Promise<boolean>
  /** Told of every page once, by whoever accrued it; never rejects, because the money has moved. */
  readonly onAccrued?: (page: AccruedPage) => Promise<void>
}

/** Decided requests, in order, for whoever learns from what hosts did; a crash may lose a page. */
export type AccruedPage = {
  readonly decisions: readonly Decision[]
  /** Nodes whose owner is the customer too. */
  readonly ownNodes: ReadonlySet<string>
}

export type Accrued = { readonly decisions: number; readonly isComplete: boolean }

/** Everything decided before `before`, a hold id; bounded, and goes on where it stopped. */
export async function accrueAccount(
  deps: AccrueDeps,
  accountId: string,
  before: string,
): Promise<Accrued> {
  let book = await deps.closing.readBook(accountId)
  const anything = { accountId, after: book?.through, before, limit: 1 }
  const [next] = await deps.closing.decisionsBetween(anything)
  if (!next) return { decisions: 0, isComplete: true }
  const wallet = await deps.closing.closeBefore(accountId, before)
  if (!wallet) return { decisions: 0, isComplete: true }
  // An open hold is not decided, or not settled; what comes after it waits for it.
  const end = [...wallet.holds.keys(), before].reduce((one, other) => (one < other ? one : other))
  let decisions = 0
  for (let page = 0; page < pagesPerAccount; page += 1) {
    const range = { accountId, after: book?.through, before: end, limit: decisionsPerPage }
    const charges = await deps.closing.decisionsBetween(range)
    if (charges.length === 0) return { decisions, isComplete: true }
    const moved = await accruePage(deps, charges, { book, granted: wallet.granted })
    if (!moved) return { decisions, isComplete: false }
    book = moved
    decisions += charges.length
  }
  return { decisions, isComplete: false }
}

async function accruePage(
  deps: AccrueDeps,
  decisions: readonly Decision[],
  at: { readonly book: Book | undefined; readonly granted: NanoUsd },
): Promise<Book | undefined> {
  const [first] = decisions
  const last = decisions.at(-1)
  if (!first || !last) return at.book
  const { accountId } = first
  const own = await ownNodes(deps, decisions)
  const shares = distribute(decisions, {
    grantsLeft: at.granted - (at.book?.grantsUsed ?? 0n),
    isOwn: (nodeId) => own.has(nodeId),
  })
  const book = bookAfter(at.book ?? emptyBook(accountId), shares, last.holdId)
  const posted = await post(
    deps,
    {
      kind: 'accrual',
      legs: accrualLegs(shares),
      reference: `accrual ${accountId} ${last.holdId}`,
      by: 'accrue-earnings',
      about: `${accountId} ${first.holdId} ${last.holdId}`,
    },
    [{ kind: 'book', from: at.book, to: book }],
  )
  if (posted.kind !== 'posted') return undefined
  await deps.onAccrued?.({ decisions, ownNodes: own })
  return book
}

async function ownNodes(deps: AccrueDeps, decisions: readonly Decision[]): Promise<Set<string>> {
  const own = new Set<string>()
  const asked = new Set<string>()
  for (const { accountId, receipt } of decisions) {
    for (const { node_id: nodeId } of receipt.private.attempts) {
      if (asked.has(nodeId)) continue
      asked.add(nodeId)
      if (await deps.isOwnTraffic(accountId, nodeId)) own.add(nodeId)
    }
  }
  return own
}

export type Shares = {
  readonly charges: NanoUsd
  readonly fees: NanoUsd
  readonly unpayable: NanoUsd
  readonly grantsUsed: NanoUsd
  /** Node id → payable share. */
  readonly payable: ReadonlyMap<string, NanoUsd>
}

/** Charges use up grants first; what grants or the host's own owner paid for earns the host nothing. */
export function distribute(
  decisions: readonly Decision[],
  terms: { readonly grantsLeft: NanoUsd; readonly isOwn: (nodeId: string) => boolean },
): Shares {
  let charges = 0n
  let fees = 0n
  let unpayable = 0n
  let grantsUsed = 0n
  const payable = new Map<string, NanoUsd>()
  for (const decision of decisions) {
    const { charge } = decision
    const { nodeId, hostShare, fee } = splitOf(decision)
    const grant = least(charge, terms.grantsLeft - grantsUsed)
    const earns = nodeId !== undefined && charge > 0n && !terms.isOwn(nodeId)
    const share = earns ? (hostShare * (charge - grant)) / charge : 0n
    if (nodeId !== undefined && share > 0n) {
      payable.set(nodeId, (payable.get(nodeId) ?? 0n) + share)
    }
    charges += charge
    fees += fee
    unpayable += hostShare - share
    grantsUsed += grant
  }
  return { charges, fees, unpayable, grantsUsed, payable }
}

function accrualLegs({ charges, fees, unpayable, payable }: Shares): Leg[] {
  return [
    { account: { kind: 'undistributed' }, amount: -charges },
    ...[...payable].map(
      ([owner, amount]) => ({ account: { kind: 'host', owner }, amount }) as const,
    ),
    { account: { kind: 'unpayable' }, amount: unpayable },
    { account: { kind: 'fees' }, amount: fees },
  ]
}

export const emptyBook = (accountId: string): Book => ({
  accountId,
  through: '',
  charges: 0n,
  payable: 0n,
  unpayable: 0n,
  fees: 0n,
  grantsUsed: 0n,
})

export function bookAfter(book: Book, shares: Shares, through: string): Book {
  const payable = [...shares.payable.values()].reduce((sum, amount) => sum + amount, 0n)
  return {
    accountId: book.accountId,
    through,
    charges: book.charges + shares.charges,
    payable: book.payable + payable,
    unpayable: book.unpayable + shares.unpayable,
    fees: book.fees + shares.fees,
    grantsUsed: book.grantsUsed + shares.grantsUsed,
  }
}

const least = (one: NanoUsd, other: NanoUsd): NanoUsd => (one < other ? one : other)
