/** Sweeping: for the schedule, and for the gateway, which repairs a wallet when it has refused a request. */
import { makeHoldStore } from '../../src/adapters/dynamodb/hold-store.ts'
import { makeSweepStore } from '../../src/adapters/dynamodb/sweep-store.ts'
import { repairWallet, type SweepDeps } from '../../src/ledger/sweep.ts'
import type { Wallet } from '../../src/ledger/wallet.ts'
import { expiredReceipt } from '../../src/receipts/expired-receipt.ts'
import { type Base, log, receiptSignerOf, system } from './parts.ts'

export function sweepDepsOf(base: Base): SweepDeps {
  const signer = receiptSignerOf(base)
  return {
    ...system,
    store: makeHoldStore(base.database),
    sweepStore: makeSweepStore(base.database),
    leaseMs: base.config.deadlineMs + base.config.leaseMarginMs,
    graceMs: base.config.leaseMarginMs,
    expire: (accountId, holdId, hold) => {
      const heldAtMs = system.timeOfId(holdId)
      const expired = { accountId, holdId, amount: hold.amount, heldAtMs }
      const receipt = expiredReceipt(expired, { ...system, signer })
      return { accountId, holdId, nonce: hold.nonce, charge: 0n, receipt }
    },
    onFailure: ({ accountId, error }) =>
      log('sweep_failed', { accountId, message: error instanceof Error ? error.message : 'fault' }),
  }
}

export const repairOf = (base: Base) => {
  const deps = sweepDepsOf(base)
  return (wallet: Wallet): Promise<boolean> => repairWallet(deps, wallet)
}
