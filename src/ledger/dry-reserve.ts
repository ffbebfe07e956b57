/**
 * A ledger that only looks: whether a reserve would be refused as the wallet stands, by the rules by which
 * a real refusal is read. Nothing is written, and no claim of an idempotency key is known to it.
 */
import type { HoldStore, SweepStore } from './ports.ts'
import { openHoldsMax, refusalOf } from './reserve.ts'

export const makeDryReserve = ({
  readWallet,
}: Pick<SweepStore, 'readWallet'>): Pick<HoldStore, 'reserve' | 'readDecision'> => ({
  reserve: async (reservation) => {
    const wallet = await readWallet(reservation.accountId)
    const { kind } = refusalOf(wallet, reservation)
    // What no other condition refuses is refused for its number of holds, where that is the reason.
    const isRefused = kind !== 'open_holds' || (wallet?.holds.size ?? 0) >= openHoldsMax
    return isRefused ? { kind: 'refused', wallet } : { kind: 'held', counters: wallet?.counters }
  },
  readDecision: async () => undefined,
})
