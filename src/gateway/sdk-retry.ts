/**
 * OpenAI's SDKs repeat a request by themselves when its reply is lost, and send no idempotency key. Such
 * a retry is known by its counter, and the request that it repeats by the tag of its body; it is
 * answered with that request instead of being run and charged a second time. Best effort: whoever
 * must be certain sends an `Idempotency-Key`.
 */
import { isFreed } from '../ledger/idempotency.ts'
import type { Decision, SweepStore } from '../ledger/ports.ts'
import type { RequestMarkStore } from '../ledger/request-marks.ts'
import type { ApiError } from '../protocol/errors.ts'
import { limits } from '../protocol/limits.ts'
import type { ReceiptStore } from '../receipts/ports.ts'

export type SdkRetryDeps = {
  readonly wallets: Pick<SweepStore, 'readWallet'>
  readonly receipts: Pick<ReceiptStore, 'listReceipts'>
  readonly requestMarks: Pick<RequestMarkStore, 'takeRetry'>
}

export type SdkRetry = {
  readonly accountId: string
  /** Of the retry itself. */
  readonly holdId: string
  readonly retryTag: string
  readonly nowMs: number
}

/** How long ago the first one may have ended. */
export const recognisedForMs = 10 * 60_000
/** Of the newest receipts so many pages are looked through; an account that makes more takes a key. */
const pagesMax = 3

/** Whether an SDK sent this request before: it counts its retries in this header. */
export function isSdkRetry(headers: Headers): boolean {
  const count = Number(headers.get('x-stainless-retry-count') ?? 0)
  return Number.isInteger(count) && count > 0
}

/** The refusal that names the first request; undefined where there is none, or it was named before. */
export async function recogniseRetry(
  deps: SdkRetryDeps,
  retry: SdkRetry,
): Promise<ApiError | undefined> {
  const error = (await findRunning(deps, retry)) ?? (await findSettled(deps, retry))
  if (!error) return undefined
  const expiresAtSec = Math.ceil((retry.nowMs + recognisedForMs) / 1000)
  const taken = { ofHoldId: error.holdId, byHoldId: retry.holdId, expiresAtSec }
  return (await deps.requestMarks.takeRetry(taken)) ? error.refusal : undefined
}

type Found = { readonly holdId: string; readonly refusal: ApiError }

async function findRunning(deps: SdkRetryDeps, retry: SdkRetry): Promise<Found | undefined> {
  const wallet = await deps.wallets.readWallet(retry.accountId)
  for (const [holdId, { nonce }] of wallet?.holds ?? []) {
    if (!nonce.startsWith(retry.retryTag)) continue
    const detail = { running_request_id: holdId }
    return { holdId, refusal: { code: 'idempotency_in_progress', retryable: false, detail } }
  }
  return undefined
}

async function findSettled(deps: SdkRetryDeps, retry: SdkRetry): Promise<Found | undefined> {
  let after: string | undefined
  for (let page = 0; page < pagesMax; page += 1) {
    const listed = await deps.receipts.listReceipts(retry.accountId, {
      limit: limits.pageSize,
      after,
    })
    for (const decision of listed.items) {
      if (endedAtMs(decision) < retry.nowMs - recognisedForMs) continue
      if (!decision.nonce?.startsWith(retry.retryTag) || isFreed(decision)) continue
      const { holdId, receipt } = decision
      const detail = { completed_request_id: holdId, receipt_hash: receipt.receipt_hash }
      return { holdId, refusal: { code: 'idempotency_completed', detail } }
    }
    after = listed.next
    const last = listed.items.at(-1)
    const isPast =
      last !== undefined && startedAtMs(last) < retry.nowMs - requestMsMax - recognisedForMs
    if (after === undefined || isPast) return undefined
  }
  return undefined
}

/** No request lives longer; what began before that cannot have ended lately. */
const requestMsMax = 840_000

const startedAtMs = ({ receipt }: Decision): number => receipt.private.started_at_ms
const endedAtMs = (decision: Decision): number =>
  startedAtMs(decision) + (decision.receipt.body.timings.total_ms ?? 0)
