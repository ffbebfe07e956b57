/**
 * `POST /v1/requests/{id}/cancel`. Whichever process runs the request finds the mark within a second,
 * tells the host and settles what was delivered; this waits a little for that, to answer with it.
 */
import type { CustomerKey } from '../keys/api-key.ts'
import type { Decision, SweepStore } from '../ledger/ports.ts'
import type { RequestMarkStore } from '../ledger/request-marks.ts'
import type { NowMs, Sleep } from '../protocol/clock.ts'
import { HoldId } from '../protocol/ids.ts'
import { limits } from '../protocol/limits.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import type { ReceiptStore } from '../receipts/ports.ts'

export type CancelRequestDeps = {
  readonly receipts: Pick<ReceiptStore, 'readReceipt'>
  readonly wallets: Pick<SweepStore, 'readWallet'>
  readonly requestMarks: Pick<RequestMarkStore, 'putCancel'>
  readonly nowMs: NowMs
  readonly sleep: Sleep
}

/** A mark outlives every request that it could mean. */
const markLifeSec = limits.deadlineMs / 1000 + 60
const lookEveryMs = 200
const looksMax = 20

export async function cancelRequest(
  deps: CancelRequestDeps,
  key: CustomerKey,
  holdId: string,
): Promise<Result<object>> {
  if (!HoldId.safeParse(holdId).success) return refuse('request_not_found')
  const { accountId, keyId } = key
  const readDecision = () => deps.receipts.readReceipt(accountId, holdId)
  const decided = await readDecision()
  if (decided) return finishedBefore(decided, key)
  const wallet = await deps.wallets.readWallet(accountId)
  const hold = wallet?.holds.get(holdId)
  if (!hold) {
    // Between the two reads it may have ended.
    const since = await readDecision()
    return since ? finishedBefore(since, key) : refuse('request_not_found')
  }
  if (hold.counted?.keyOrdinal !== key.ordinal) return refuse('request_not_found')
  const expiresAtSec = Math.ceil(deps.nowMs() / 1000) + markLifeSec
  await deps.requestMarks.putCancel({ holdId, keyId, expiresAtSec })
  for (let look = 0; look < looksMax; look += 1) {
    await deps.sleep(lookEveryMs)
    const decision = await readDecision()
    if (decision) return ok(ended(decision))
  }
  return ok({ object: 'request.cancellation', request_id: holdId, status: 'cancelling' })
}

/** A key is told nothing of another key's requests, not even that there were any. */
function finishedBefore(decision: Decision, { keyId }: CustomerKey): Result<object> {
  const { receipt } = decision
  if (receipt.private.key_id !== keyId) return refuse('request_not_found')
  return refuse('already_finished', { detail: { receipt_hash: receipt.receipt_hash } })
}

function ended({ holdId, receipt }: Decision) {
  const { result, charge } = receipt.body
  return {
    object: 'request.cancellation',
    request_id: holdId,
    // It may have ended by itself while the cancel was on its way.
    status: result.error === 'cancelled' ? 'cancelled' : 'finished',
    receipt_hash: receipt.receipt_hash,
    cost_usd: charge.charge_usd,
  }
}
