/** The in-memory ledger as the contract opens it: with the asserts that the real adapters make. */
import { makeMemoryLedger } from '../support/memory-ledger.ts'
import { applyKeyMark, applyRevocation } from '../support/memory-wallets.ts'
import type { OpenedLedger } from './ledger-contract.ts'

export function openMemoryLedger(): OpenedLedger {
  const { state, ...ledger } = makeMemoryLedger({ asserts: true })
  return {
    ...ledger,
    revokeKey: async (accountId, keyOrdinal) => applyRevocation(state, accountId, keyOrdinal),
    markKey: async (accountId, mark) => applyKeyMark(state, accountId, mark),
    close: async () => undefined,
  }
}
