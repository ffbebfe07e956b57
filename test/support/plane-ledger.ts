/**
 * What gateways, sweepers and schedules leave behind in the ledger of a control plane: charges,
 * expired holds, accrued earnings and closed payouts, each made by the ledger's own code.
 */
import type { Database } from '../../src/adapters/dynamodb/client.ts'
import { makeClosingStore } from '../../src/adapters/dynamodb/closing-store.ts'
import { makeHoldStore } from '../../src/adapters/dynamodb/hold-store.ts'
import { ids, sleep, timeOfId } from '../../src/adapters/system.ts'
import { accrueAccount } from '../../src/ledger/accrue.ts'
import { finishHold } from '../../src/ledger/finish.ts'
import { closePayout, releaseEscrow } from '../../src/ledger/payout.ts'
import type { Decision } from '../../src/ledger/ports.ts'
import { formatUsd, nanoUsdPerUsd, parseUsd } from '../../src/money/nano-usd.ts'
import type { StoredReceipt } from '../../src/protocol/receipt.ts'
import { expiredReceipt } from '../../src/receipts/expired-receipt.ts'
import type { ReceiptDraft } from '../../src/receipts/make-receipt.ts'
import type { ControlPlane } from './control-plane.ts'
import { by, draft, genuineReceipt } from './genuine-receipt.ts'

const holdUsd = '1'

export type PlaneLedger = ReturnType<typeof planeLedger>

export function planeLedger(
  plane: Database & Pick<ControlPlane, 'nowMs' | 'journal' | 'isOwnTraffic'>,
) {
  const { nowMs, journal } = plane
  const store = makeHoldStore(plane)
  const closing = makeClosingStore(plane)
  const posting = { journal, ids, nowMs, sleep }

  /** A hold of one dollar, ended as `receiptOf` says. */
  const endedHold = async (
    accountId: string,
    charge: bigint,
    receiptOf: (holdId: string) => StoredReceipt,
  ): Promise<Decision> => {
    const holdId = ids.ulid(nowMs())
    const hold = {
      amount: nanoUsdPerUsd,
      expiresAtSec: Math.ceil(nowMs() / 1000) + 420,
      nonce: ids.token(6),
      priceVersion: 1,
      counted: undefined,
    }
    const order = { accountId, holdId, hold, keyOrdinal: 1, charges: [], dropCounters: [] }
    const { kind } = await store.reserve(order)
    if (kind !== 'held') throw new Error(`the hold was ${kind}`)
    const decision = { accountId, holdId, nonce: hold.nonce, charge, receipt: receiptOf(holdId) }
    const finished = await finishHold({ store, sleep, nowMs, timeOfId }, hold, decision)
    if (finished.kind !== 'finished' || !finished.isSettled) throw new Error('it was not settled')
    return decision
  }

  return {
    /** A request that `nodeId` served, at `chargeUsd`, of which the host's share is four fifths. */
    charged: (
      accountId: string,
      { nodeId = draftNodeId, chargeUsd = '0.01' } = {},
    ): Promise<Decision> => {
      const charge = parseUsd(chargeUsd) ?? 0n
      return endedHold(accountId, charge, (holdId) => {
        const served = { node_id: nodeId, outcome: 'served', ticket_hash: 'b'.repeat(64) }
        const part: ReceiptDraft['private'] = {
          ...draft.private,
          request_id: holdId,
          account_id: accountId,
          hold_usd: holdUsd,
          attempts: [served],
        }
        return genuineReceipt({ charge, hostShareBps: 8_000, private: part })
      })
    },
    /** A hold whose gateway was lost. */
    expired: async (accountId: string): Promise<string> => {
      const { holdId } = await endedHold(accountId, 0n, (id) => {
        const hold = { accountId, holdId: id, amount: nanoUsdPerUsd, heldAtMs: nowMs() }
        return expiredReceipt(hold, { signer: by, ids, nowMs })
      })
      return holdId
    },
    /** Everything charged until now. */
    accrue: async (accountId: string): Promise<void> => {
      const { isOwnTraffic } = plane
      const before = ids.ulid(nowMs() + 1)
      await accrueAccount({ ...posting, closing, isOwnTraffic }, accountId, before)
    },
    payOut: async (nodeId: string, period: string): Promise<void> => {
      const { kind } = await closePayout(posting, { nodeId, period })
      if (kind !== 'closed') throw new Error(`the payout is ${kind}`)
    },
    /** What waited long enough by now. */
    release: (nodeId: string): Promise<number> => releaseEscrow(posting, nodeId),
    earningsUsd: async (nodeId: string) => {
      const earnings = await journal.readEarnings(nodeId)
      return {
        payable: formatUsd(earnings?.payable ?? 0n),
        clawedBack: formatUsd(earnings?.clawedBack ?? 0n),
        escrowed: formatUsd(earnings?.escrowed ?? 0n),
      }
    },
  }
}

const draftNodeId = draft.private.attempts.at(-1)?.node_id ?? ''
