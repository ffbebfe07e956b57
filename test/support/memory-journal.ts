/** Posting entries on plain maps: the reference, what the legs take, the guards; then all at once. */
import {
  addEarnings,
  type Earnings,
  earningsDelta,
  nodesIn,
  noEarnings,
} from '../../src/ledger/earnings.ts'
import { type Entry, netOf } from '../../src/ledger/journal.ts'
import type {
  Adjustment,
  JournalOwner,
  LateClaim,
  Posting,
  PostOutcome,
} from '../../src/ledger/journal-ports.ts'
import type { Page, Paged } from '../../src/ledger/ports.ts'
import type { Wallet } from '../../src/ledger/wallet.ts'
import { passes, record } from './memory-guards.ts'
import type { LedgerState } from './memory-state.ts'
import { ascending, pageOf } from './memory-wallets.ts'

export function applyPost(state: LedgerState, { entry, guards }: Posting): PostOutcome {
  const standing = state.entries.get(entry.reference)
  if (standing) return { kind: 'posted_before', entry: standing }
  const wallets = customersOf(entry).map((accountId) => walletAfter(state, entry, accountId))
  if (!wallets.every((wallet) => wallet !== undefined)) return { kind: 'refused', by: 'wallet' }
  const earnings = earnersIn(entry).map((nodeId) => earningsAfter(state, entry, nodeId))
  if (!earnings.every((one) => one !== undefined)) return { kind: 'refused', by: 'earnings' }
  const failed = guards.find((guard) => !passes(state, guard))
  if (failed) return { kind: 'refused', by: failed }
  state.entries.set(entry.reference, entry)
  for (const wallet of wallets) state.wallets.set(wallet.accountId, wallet)
  for (const one of earnings) state.earnings.set(one.nodeId, one)
  for (const guard of guards) record(state, guard)
  return { kind: 'posted' }
}

function walletAfter(state: LedgerState, entry: Entry, accountId: string): Wallet | undefined {
  const wallet = state.wallets.get(accountId)
  const gain = netOf(entry.legs, 'customer', accountId)
  if (!wallet || (gain < 0n && wallet.available < -gain)) return undefined
  return {
    ...wallet,
    available: wallet.available + gain,
    funded: wallet.funded + gain,
    granted: wallet.granted + (entry.kind === 'grant' ? gain : 0n),
  }
}

/** What a node gives must be there: payable, in transit or in escrow. */
function earningsAfter(state: LedgerState, entry: Entry, nodeId: string): Earnings | undefined {
  const before = state.earnings.get(nodeId) ?? noEarnings(nodeId)
  const delta = earningsDelta(entry, nodeId)
  const isShort = givable.some((name) => delta[name] < 0n && before[name] < -delta[name])
  return isShort ? undefined : addEarnings(before, delta)
}

/** A node whose part comes to nothing has not earned by that. */
function earnersIn(entry: Entry): string[] {
  return nodesIn(entry.legs).filter((nodeId) =>
    Object.values(earningsDelta(entry, nodeId)).some((amount) => amount !== 0n),
  )
}

const givable = ['payable', 'inTransit', 'escrowed'] as const

function customersOf({ legs }: Entry): string[] {
  const owners = legs.flatMap(({ account }) => (account.kind === 'customer' ? account.owner : []))
  return [...new Set(owners)]
}

export function listEntries(state: LedgerState, of: JournalOwner, page: Page): Paged<Entry> {
  const isOwn = (entry: Entry) =>
    of.kind === 'customer'
      ? customersOf(entry).includes(of.accountId)
      : nodesIn(entry.legs).includes(of.nodeId)
  const entries = [...state.entries.values()].filter(isOwn)
  return pageOf(entries, page, { key: ({ entryId }) => entryId, newestFirst: true })
}

export function listEscrowed(state: LedgerState, nodeId: string, limit: number): LateClaim[] {
  return [...state.lateClaims.values()]
    .filter((claim) => claim.nodeId === nodeId && claim.state === 'escrowed')
    .sort(ascending(({ ticketHash }) => ticketHash))
    .sort((one, other) => one.payableAtMs - other.payableAtMs)
    .slice(0, limit)
}

export function applyAdjustmentRequest(state: LedgerState, adjustment: Adjustment): Adjustment {
  const standing = state.adjustments.get(adjustment.reference)
  if (standing) return standing
  state.adjustments.set(adjustment.reference, adjustment)
  return adjustment
}
