/** What is written to accounts and wallets besides holds and money, on plain maps. */
import type { Account, Decision, Page, Paged, SweepStore } from '../../src/ledger/ports.ts'
import type { Wallet } from '../../src/ledger/wallet.ts'
import { assert } from '../../src/protocol/assert.ts'
import { changeWallet, type LedgerState, newWallet } from './memory-state.ts'

export function applyCreateAccount(state: LedgerState, account: Account): void {
  const { accountId } = account
  assert(!state.accounts.has(accountId), 'account ids are fresh', { accountId })
  state.accounts.set(accountId, account)
  state.wallets.set(accountId, newWallet(accountId))
}

export function applyStatus(
  state: LedgerState,
  accountId: string,
  status: Wallet['status'],
): boolean {
  const wallet = state.wallets.get(accountId)
  if (!wallet) return false
  changeWallet(state, wallet, { status })
  return true
}

/** As the key's revocation puts it on the wallet. */
export function applyRevocation(state: LedgerState, accountId: string, keyOrdinal: number): void {
  const wallet = state.wallets.get(accountId)
  assert(wallet !== undefined, 'a key has an account with a wallet', { accountId })
  const revokedKeyOrdinals = new Set(wallet.revokedKeyOrdinals).add(keyOrdinal)
  changeWallet(state, wallet, { revokedKeyOrdinals })
}

/** As a change of the key puts it on the wallet. */
export function applyKeyMark(
  state: LedgerState,
  accountId: string,
  mark: { readonly keyOrdinal: number; readonly name: 'secret' | 'limits'; readonly value: number },
): void {
  const wallet = state.wallets.get(accountId)
  assert(wallet !== undefined, 'a key has an account with a wallet', { accountId })
  const field = mark.name === 'secret' ? 'oldestSecrets' : 'limitVersions'
  changeWallet(state, wallet, {
    [field]: new Map(wallet[field]).set(mark.keyOrdinal, mark.value),
  })
}

export function accountsInBucket(state: LedgerState, bucket: string, limit: number): string[] {
  const ids: string[] = []
  for (const { accountId, sweepBucket } of state.wallets.values()) {
    if (sweepBucket === bucket) ids.push(accountId)
  }
  return ids.sort().slice(0, Math.max(1, limit))
}

/** Out of the index where `to` is undefined, which an open hold forbids. */
export function applyBucket(
  state: LedgerState,
  { accountId, from, to }: { accountId: string; from: string; to: string | undefined },
): boolean {
  const wallet = state.wallets.get(accountId)
  if (!wallet || wallet.sweepBucket !== from) return false
  if (to === undefined && wallet.holds.size > 0) return false
  changeWallet(state, wallet, { sweepBucket: to })
  return true
}

export function applyDropCounters(
  state: LedgerState,
  { accountId, names, closedBefore }: Parameters<SweepStore['dropCounters']>[0],
): void {
  const wallet = state.wallets.get(accountId)
  if (!wallet || (wallet.closedBefore ?? '') > closedBefore) return
  const counters = new Map(wallet.counters)
  for (const name of names) counters.delete(name)
  changeWallet(state, wallet, { counters, closedBefore })
}

export function applyClose(
  state: LedgerState,
  accountId: string,
  holdId: string,
): Wallet | undefined {
  const wallet = state.wallets.get(accountId)
  if (!wallet) return undefined
  if (wallet.closedBefore !== undefined && wallet.closedBefore >= holdId) return wallet
  return changeWallet(state, wallet, { closedBefore: holdId })
}

export function decisionsBetween(
  state: LedgerState,
  range: { accountId: string; after: string | undefined; before: string; limit: number },
): Decision[] {
  const { accountId, after = '', before, limit } = range
  return [...(state.decisions.get(accountId)?.values() ?? [])]
    .filter(({ holdId }) => holdId > after && holdId < before)
    .sort(ascending(({ holdId }) => holdId))
    .slice(0, limit)
}

/** `after` is the key of the last one before; a full page may be followed by an empty one. */
export function pageOf<T>(items: Iterable<T>, page: Page, at: Order<T>): Paged<T> {
  const sign = at.newestFirst ? -1 : 1
  const ordered = [...items].sort((one, other) => sign * ascending(at.key)(one, other))
  const rest = ordered.filter((item) => page.after === undefined || isAfter(item, page.after))
  const taken = rest.slice(0, page.limit)
  const last = taken.at(-1)
  return { items: taken, next: last && taken.length === page.limit ? at.key(last) : undefined }

  function isAfter(item: T, after: string): boolean {
    return at.newestFirst ? at.key(item) < after : at.key(item) > after
  }
}

type Order<T> = { readonly key: (item: T) => string; readonly newestFirst?: boolean }

export const ascending =
  <T>(key: (item: T) => string) =>
  (one: T, other: T): number =>
    key(one) < key(other) ? -1 : Number(key(one) > key(other))
