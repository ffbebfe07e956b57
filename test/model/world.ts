/**
 * The real ledger and the reference side by side, for the same two customers, three keys and two
 * nodes. The second customer also owns the second node.
 */
import type { KeyCaps } from '../../src/ledger/counters.ts'
import { credit } from '../../src/ledger/credit.ts'
import type { Entry } from '../../src/ledger/journal.ts'
import type { ReserveOrder } from '../../src/ledger/reserve.ts'
import type { Hold } from '../../src/ledger/wallet.ts'
import { makeMemoryLedger } from '../support/memory-ledger.ts'
import { applyRevocation } from '../support/memory-wallets.ts'
import { composeLedger, graceMs, leaseMs, type RealLedger, type Stores } from './real-ledger.ts'
import {
  type LimitName,
  makeReference,
  type Order,
  type Hold as Taken,
} from './reference-ledger.ts'

export const accounts = [
  'acct_01JABCDEFGHJKMNPQRSTVWXYZA',
  'acct_01JABCDEFGHJKMNPQRSTVWXYZB',
] as const
export const nodes = [`n_${'a'.repeat(26)}`, `n_${'b'.repeat(26)}`] as const
const owns = (account: string, node: string) => account === accounts[1] && node === nodes[1]

/** By key ordinal: without caps, with all of them, with some. */
export const capsOfKeys: Readonly<Record<number, Partial<KeyCaps>>> = {
  1: {},
  2: {
    spendPerDay: 300n,
    spendPerMonth: 350n,
    requestsPerMinute: 5,
    tokensPerMinute: 400,
    concurrency: 3,
  },
  3: { spendPerDay: 250n, requestsPerMinute: 8 },
}
export const limitsOfKeys: Readonly<Record<number, Partial<Record<LimitName, bigint>>>> = {
  1: {},
  2: { spend_day: 300n, spend_month: 350n, rpm: 5n, tpm: 400n, concurrency: 3n },
  3: { spend_day: 250n, rpm: 8n },
}

/** What each customer begins with. */
const openingCredit = 2_000n

/** One hold that was taken, on both sides. */
export type Handle = { readonly order: ReserveOrder; readonly hold: Hold; readonly taken: Taken }

export type World = {
  readonly ledger: RealLedger
  readonly reference: ReturnType<typeof makeReference>
  readonly handles: Handle[]
  /** Every answer so far, without its numbers. */
  readonly answers: Set<string>
  readonly revoke: (account: string, key: number) => Promise<void>
  /** All posted entries; undefined where the stores cannot tell. */
  readonly entries: (() => Iterable<Entry>) | undefined
}

export async function openMemoryWorld(): Promise<World> {
  const memory = makeMemoryLedger({ asserts: true })
  const world = await openWorld(memory, async (account, key) =>
    applyRevocation(memory.state, account, key),
  )
  return { ...world, entries: () => memory.state.entries.values() }
}

export async function openWorld(stores: Stores, revoke: World['revoke']): Promise<World> {
  const ledger = composeLedger(stores, owns)
  const reference = makeReference({ nowMs: ledger.nowMs, leaseMs, graceMs, owns })
  for (const accountId of accounts) {
    const account = { accountId, name: 'Customer', smoke: false, createdAtMs: ledger.nowMs() }
    await stores.accounts.createAccount(account)
    const terms = { kind: 'top_up', accountId, amount: openingCredit } as const
    await credit(ledger.posting, { ...terms, reference: accountId, by: 'ann' })
    reference.credit('top_up', accountId, openingCredit, accountId)
  }
  // As after a deployment: without a cursor, the first sweep looks back two hours and no further.
  await stores.sweeps.writeCursor(new Date(ledger.nowMs()).toISOString().slice(0, 16))
  return { ledger, reference, handles: [], answers: new Set(), revoke, entries: undefined }
}

export const referenceOrder = (
  order: ReserveOrder,
  terms: { readonly atMs: number; readonly tokens: number },
): Order => ({
  id: order.holdId,
  account: order.accountId,
  key: order.keyOrdinal,
  amount: order.hold.amount,
  limits: limitsOfKeys[order.keyOrdinal] ?? {},
  claim: order.claim && { name: order.claim.claimHash, body: order.claim.fingerprint },
  ...terms,
})
