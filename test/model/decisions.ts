/**
 * Decisions as gateway and sweeper make them, without their signatures: no rule about money reads
 * one, and a hundred thousand of them would take the time of the whole test.
 */
import type { Decision } from '../../src/ledger/ports.ts'
import type { Hold } from '../../src/ledger/wallet.ts'
import { formatUsd } from '../../src/money/nano-usd.ts'
import { splitCharge } from '../../src/money/price.ts'
import type { ResultStatus, StoredReceipt } from '../../src/protocol/receipt.ts'
import { genuineReceipt } from '../support/genuine-receipt.ts'

export type Ending = {
  readonly accountId: string
  readonly holdId: string
  readonly hold: Pick<Hold, 'amount' | 'nonce'>
  readonly charge: bigint
  readonly status: ResultStatus
  /** Undefined where nobody served. */
  readonly nodeId?: string | undefined
  readonly hostShareBps?: number
  /** Billed; all of them prompt tokens. */
  readonly tokens?: number
}

const base = genuineReceipt()
const baseServed = base.body.served
let made = 0

/** Every call makes another receipt, as a second gateway or sweeper would. */
export function decisionOf(ending: Ending): Decision {
  const { accountId, holdId, hold, charge } = ending
  return { accountId, holdId, nonce: hold.nonce, charge, receipt: receiptOf(ending) }
}

function receiptOf(ending: Ending): StoredReceipt {
  const { accountId, holdId, hold, charge, status, nodeId, tokens = 0 } = ending
  const { hostShare, fee } = splitCharge(charge, ending.hostShareBps ?? 8_500)
  const billed = { prompt: tokens, cached_prompt: 0, completion: 0 }
  made += 1
  return {
    receipt_hash: made.toString(16).padStart(64, '0'),
    signature: base.signature,
    body: {
      ...base.body,
      result: { status, finish_reason: null, error: null },
      served: nodeId && baseServed ? { ...baseServed, usage: { ...usage, billed } } : null,
      charge: {
        charge_usd: formatUsd(charge),
        host_share_usd: formatUsd(hostShare),
        fee_usd: formatUsd(fee),
      },
    },
    private: {
      ...base.private,
      request_id: holdId,
      account_id: accountId,
      hold_usd: formatUsd(hold.amount),
      attempts: nodeId ? [{ node_id: nodeId, outcome: 'served', ticket_hash: ticketHash }] : [],
    },
  }
}

const usage = {
  claimed: null,
  counted: { prompt: 0, cached_prompt: 0, completion: 0 },
  count_method: 'bytes_ratio',
  inflated: false,
} as const
const ticketHash = 'a'.repeat(64)
