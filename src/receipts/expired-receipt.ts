/** The receipt of a hold whose gateway was lost: charge 0, nothing served, nobody paid. */
import { formatUsd } from '../money/nano-usd.ts'
import type { Ids, NowMs } from '../protocol/clock.ts'
import type { StoredReceipt } from '../protocol/receipt.ts'
import { makeReceipt, newSalt, type ReceiptSigner } from './make-receipt.ts'

export type ExpiredHold = {
  readonly accountId: string
  readonly holdId: string
  readonly amount: bigint
  readonly heldAtMs: number
}

export function expiredReceipt(
  hold: ExpiredHold,
  deps: { readonly signer: ReceiptSigner; readonly ids: Ids; readonly nowMs: NowMs },
): StoredReceipt {
  return makeReceipt(
    {
      model: null,
      result: { status: 'expired', finish_reason: null, error: 'gateway_lost' },
      served: null,
      charge: 0n,
      hostShareBps: 0,
      endedAtMs: deps.nowMs(),
      firstContentMs: null,
      totalMs: null,
      private: {
        request_id: hold.holdId,
        account_id: hold.accountId,
        key_id: null,
        hold_usd: formatUsd(hold.amount),
        started_at_ms: hold.heldAtMs,
        attempts: [],
        node_public_key: null,
        claim: null,
        request_commitment: null,
        output_commitment: null,
      },
      // Nobody is left to hand a salt to; a fresh one still hides the private part.
      salt: newSalt(deps.ids),
    },
    deps.signer,
  )
}
