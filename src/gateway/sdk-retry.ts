/**
 * OpenAI's SDKs repeat a request by themselves when its reply is lost, and send no idempotency key. Such
 * a retry is known by its counter, and the request that it repeats by the tag of its body; it is
 * answered with that request instead of being run and charged a second time. Best effort: whoever
 * must be certain sends an `Idempotency-Key`.
 */
import { isFreed } from '../ledger/idempotency.ts'
import type { Decision, SweepStore } from '../ledger/ports.ts'
import type { RequestMarkStore } from '../ledger/request-marks.ts'
import type { FirstIdAt } from '../protocol/clock.ts'
import type { ApiError } from '../protocol/errors.ts'
import { limits } from '../protocol/limits.ts'
import type { ReceiptStore } from '../receipts/ports.ts'

export type SdkRetryDeps = {
  readonly wallets: Pick<SweepStore, 'readWallet'>
  readonly receipts: Pick<ReceiptStore, 'listSince'>
  readonly requestMarks: Pick<RequestMarkStore, 'takeRetry'>
  readonly firstIdAt: FirstIdAt
}

export type SdkRetry = {
  readonly accountId: string
  /** Of the retry itself. */
  readonly holdId: string
  readonly retryTag: string
  readonly nowMs: number
}

/** How long ago the first one may have ended. */
const recognisedForMs = 10 * 60_000
/** As many of the newest receipts are looked through; an account that makes more takes a key. */
const receiptsMax = 300

/** Whether an SDK sent this request before: it counts its retries in this header. */
export function isSdkRetry(headers: Headers): boolean {
  const count = Number(headers.get('x-stainless-retry-count') ?? 0)
  return Number.isInteger(count) && count > 0
}

/**
 * The refusal that names the first request; undefined where there is none, or it was named before. Where
 * one body was sent several times on purpose, nobody can tell which of them this repeats: it runs.
 */
export async function recogniseRetry(
  deps: SdkRetryDeps,
  retry: SdkRetry,
): Promise<ApiError | undefined> {
  const [running, settled] = await Promise.all([findRunning(deps, retry), findSettled(deps, retry)])
  // Between the two reads one may have gone from the first list to the second.
  const found = new Map([...running, ...settled])
  const [first, ...others] = found
  if (first === undefined || others.length > 0) return undefined
  const [ofHoldId, refusal] = first
  const expiresAtSec = Math.ceil((retry.nowMs + recognisedForMs) / 1000)
  const taken = { ofHoldId, byHoldId: retry.holdId, expiresAtSec }
  return (await deps.requestMarks.takeRetry(taken)) ? refusal : undefined
}

type Found = readonly [holdId: string, refusal: ApiError]

async function findRunning(deps: SdkRetryDeps, retry: SdkRetry): Promise<readonly Found[]> {
  const wallet = await deps.wallets.readWallet(retry.accountId)
  return [...(wallet?.holds ?? [])]
    .filter(([, { nonce }]) => nonce.startsWith(retry.retryTag))
    .map(([holdId]) => {
      const detail = { running_request_id: holdId }
      return [holdId, { code: 'idempotency_in_progress', retryable: false, detail }]
    })
}

async function findSettled(deps: SdkRetryDeps, retry: SdkRetry): Promise<readonly Found[]> {
  const endedSinceMs = retry.nowMs - recognisedForMs
  // What began before that cannot have ended since: no request lives longer.
  const sinceId = deps.firstIdAt(Math.max(0, endedSinceMs - limits.deadlineMs))
  const newest = await deps.receipts.listSince(retry.accountId, { sinceId, limit: receiptsMax })
  return newest
    .filter(({ nonce }) => nonce?.startsWith(retry.retryTag))
    .filter((decision) => endedAtMs(decision) >= endedSinceMs && !isFreed(decision))
    .map(({ holdId, receipt }) => {
      const detail = { completed_request_id: holdId, receipt_hash: receipt.receipt_hash }
      return [holdId, { code: 'idempotency_completed', detail }]
    })
}

const endedAtMs = ({ receipt }: Decision): number =>
  receipt.private.started_at_ms + (receipt.body.timings.total_ms ?? 0)
