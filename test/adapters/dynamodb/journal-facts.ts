/** Sound entries, guards and what they are about, each changed as a test needs it. */
import { ids } from '../../../src/adapters/system.ts'
import {
  type Entry,
  type LedgerAccount,
  type Leg,
  move,
  type StoredEntryKind,
} from '../../../src/ledger/journal.ts'
import type {
  Adjustment,
  Book,
  Guard,
  LateClaim,
  Payout,
  Posting,
} from '../../../src/ledger/journal-ports.ts'
import { aNode, anAccountId, nowMs } from './facts.ts'

export const customer = (owner: string): LedgerAccount => ({ kind: 'customer', owner })
export const host = (owner: string): LedgerAccount => ({ kind: 'host', owner })
export const escrow = (owner: string): LedgerAccount => ({ kind: 'escrow', owner })
export const inTransit = (owner: string): LedgerAccount => ({ kind: 'in_transit', owner })

export const aNodeId = (): string => aNode().nodeId

let clockMs = nowMs

/** One second after the last one, under a reference of its own. */
export function anEntry(
  kind: StoredEntryKind,
  legs: readonly Leg[],
  changes: Partial<Entry> = {},
): Entry {
  clockMs += 1_000
  const entryId = ids.ulid(clockMs)
  const reference = `reference of ${entryId}`
  return { entryId, kind, legs, reference, atMs: clockMs, by: 'op_1', about: 'test', ...changes }
}

export const topUp = (accountId: string, amount: bigint, changes: Partial<Entry> = {}): Entry =>
  anEntry('top_up', move(amount, { kind: 'wash' }, customer(accountId)), changes)

export const accrual = (...shares: readonly (readonly [nodeId: string, amount: bigint])[]): Entry =>
  anEntry('accrual', [
    { account: { kind: 'undistributed' }, amount: -shares.reduce((sum, [, one]) => sum + one, 0n) },
    ...shares.map(([nodeId, amount]) => ({ account: host(nodeId), amount })),
  ])

export const aPayout = (nodeId: string, changes: Partial<Payout> = {}): Payout => ({
  nodeId,
  period: '2026-11-21',
  amount: 500n,
  state: 'in_transit',
  closedAtMs: nowMs,
  transferId: undefined,
  ...changes,
})

export const aLateClaim = (nodeId: string, changes: Partial<LateClaim> = {}): LateClaim => {
  const holdId = ids.ulid(nowMs)
  return {
    ticketHash: `ticket-${holdId}`,
    nodeId,
    accountId: anAccountId(),
    holdId,
    amount: 70n,
    state: 'escrowed',
    claimedAtMs: nowMs,
    payableAtMs: nowMs + 7 * 86_400_000,
    ...changes,
  }
}

export const aBook = (accountId: string, through = '01M0000000000000000000000A'): Book => ({
  accountId,
  through,
  charges: 10n,
  payable: 7n,
  unpayable: 1n,
  fees: 2n,
  grantsUsed: 0n,
})

export const anAdjustment = (changes: Partial<Adjustment> = {}): Adjustment => ({
  reference: `adjustment ${ids.ulid(nowMs)}`,
  accountId: anAccountId(),
  amount: -10n,
  reason: 'Counted twice.',
  requestedBy: 'op_1',
  requestedAtMs: nowMs,
  state: 'requested',
  ...changes,
})

export const posting = (entry: Entry, ...guards: readonly Guard[]): Posting => ({ entry, guards })

export const posted = { kind: 'posted' } as const
export const everything = { limit: 100, after: undefined }
