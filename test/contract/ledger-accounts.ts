/** The ledger's accounts by short names. */
import { type LedgerAccount, move } from '../../src/ledger/journal.ts'
import type { EntryDraft } from './world.ts'

export const shared = {
  wash: { kind: 'wash' },
  promo: { kind: 'promo' },
  fees: { kind: 'fees' },
  shortfall: { kind: 'shortfall' },
  undistributed: { kind: 'undistributed' },
  unpayable: { kind: 'unpayable' },
  adjustments: { kind: 'adjustments' },
} as const satisfies Readonly<Record<string, LedgerAccount>>

export const customerOf = (owner: string): LedgerAccount => ({ kind: 'customer', owner })
export const hostOf = (owner: string): LedgerAccount => ({ kind: 'host', owner })
export const escrowOf = (owner: string): LedgerAccount => ({ kind: 'escrow', owner })
export const inTransitOf = (owner: string): LedgerAccount => ({ kind: 'in_transit', owner })

export const escrowFor = (nodeId: string, amount: bigint): EntryDraft => ({
  kind: 'late_claim',
  legs: move(amount, shared.shortfall, escrowOf(nodeId)),
})
