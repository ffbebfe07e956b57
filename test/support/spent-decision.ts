/** Decisions as their sums see them: who paid, for what, to whom; the rest is that of a genuine receipt. */
import { ulid } from 'ulid'
import type { Decision } from '../../src/ledger/ports.ts'
import { formatUsd } from '../../src/money/nano-usd.ts'
import { splitCharge } from '../../src/money/price.ts'
import type { ResultStatus } from '../../src/protocol/receipt.ts'
import type { TokenCounts } from '../../src/protocol/usage.ts'
import { draft, genuineReceipt } from './genuine-receipt.ts'

export type Spent = {
  readonly takenAtMs: number
  readonly accountId: string
  readonly keyId?: string | null
  readonly model?: string | null
  /** Null where nobody served: then nothing is charged. */
  readonly nodeId?: string | null
  readonly status?: ResultStatus
  readonly charge?: bigint
  readonly billed?: TokenCounts
}

const template = genuineReceipt()
export const anyNodeId = `n_${'b'.repeat(26)}`
const ticket_hash = 'd'.repeat(64)

export function spentDecision({
  takenAtMs,
  accountId,
  keyId = draft.private.key_id,
  model = draft.model,
  nodeId = anyNodeId,
  status = nodeId === null ? 'failed' : 'completed',
  charge = nodeId === null ? 0n : 1_000n,
  billed = { prompt: 12, cached_prompt: 2, completion: 5 },
}: Spent): Decision {
  const holdId = ulid(takenAtMs)
  const { hostShare, fee } = splitCharge(charge, 8_500)
  const { body } = template
  const served = body.served && { ...body.served, usage: { ...body.served.usage, billed } }
  const outcome = nodeId === null ? 'connect_failed' : 'served'
  return {
    accountId,
    holdId,
    nonce: 'nonce',
    charge,
    receipt: {
      ...template,
      body: {
        ...body,
        model,
        result: { ...body.result, status },
        served: nodeId === null ? null : served,
        charge: {
          charge_usd: formatUsd(charge),
          host_share_usd: formatUsd(hostShare),
          fee_usd: formatUsd(fee),
        },
      },
      private: {
        ...template.private,
        request_id: holdId,
        account_id: accountId,
        key_id: keyId,
        attempts: [{ node_id: nodeId ?? anyNodeId, outcome, ticket_hash }],
      },
    },
  }
}
