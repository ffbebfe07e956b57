/** The reserve of one request, and its refusals in the words of the contract. */

import type { CustomerKey } from '../keys/api-key.ts'
import {
  countedUse,
  counterCharges,
  type KeyCaps,
  type LimitKind,
  pastMinuteCounters,
} from '../ledger/counters.ts'
import type { IdempotencyClaim } from '../ledger/ports.ts'
import { type ReserveDeps, type ReserveRefusal, reserve } from '../ledger/reserve.ts'
import type { Hold } from '../ledger/wallet.ts'
import { formatUsd } from '../money/nano-usd.ts'
import { absurd } from '../protocol/assert.ts'
import type { NowMs } from '../protocol/clock.ts'
import type { ApiError } from '../protocol/errors.ts'
import { limits } from '../protocol/limits.ts'
import { type Result, refuse } from '../protocol/result.ts'
import { affordablePlan, affordableTokens, type Plan } from './plan.ts'

export type TakeHoldDeps = ReserveDeps & {
  readonly nowMs: NowMs
  /** Deadline plus margin: fixed at reserve, never renewed. */
  readonly leaseMs: number
}

export type HeldPlan = { readonly plan: Plan; readonly hold: Hold }

export async function takeHold(
  deps: TakeHoldDeps,
  order: {
    readonly key: CustomerKey
    readonly holdId: string
    readonly plan: Plan
    readonly priceVersion: number
    /** The time in the hold's id: what names the periods of its counters, now and at settlement. */
    readonly startedAtMs: number
    /** Taken with the hold; undefined where the client sent no idempotency key. */
    readonly claim: IdempotencyClaim | undefined
    readonly retryTag: string | undefined
  },
): Promise<Result<HeldPlan>> {
  const first = await reservePlan(deps, order)
  if (first.ok || first.refusal?.kind !== 'balance') return toResult(first, order.plan)
  const smaller = affordablePlan(order.plan, first.refusal.available)
  if (!smaller) return toResult(first, order.plan)
  return toResult(await reservePlan(deps, { ...order, plan: smaller }), smaller)
}

type Tried =
  | { readonly ok: true; readonly value: HeldPlan }
  | { readonly ok: false; readonly refusal: ReserveRefusal | undefined }

async function reservePlan(
  deps: TakeHoldDeps,
  { key, holdId, plan, priceVersion, startedAtMs, claim, retryTag }: Parameters<typeof takeHold>[1],
): Promise<Tried> {
  const caps = capsOf(key)
  const tokens = plan.promptTokensMax + plan.windowTokens * plan.choices
  const use = { amount: plan.holdAmount, tokens }
  const reserved = await reserve(deps, {
    accountId: key.accountId,
    holdId,
    hold: {
      amount: plan.holdAmount,
      expiresAtSec: Math.ceil((deps.nowMs() + deps.leaseMs) / 1000),
      priceVersion,
      counted: countedUse(caps, use),
    },
    keyOrdinal: key.ordinal,
    charges: counterCharges(caps, use, startedAtMs),
    dropCounters: pastMinuteCounters(caps, startedAtMs),
    claim,
    retryTag,
  })
  switch (reserved.kind) {
    case 'held':
      return { ok: true, value: { plan, hold: reserved.hold } }
    case 'unavailable':
      return { ok: false, refusal: undefined }
    case 'refused':
      return { ok: false, refusal: reserved.refusal }
    default:
      return absurd(reserved)
  }
}

const capsOf = ({ ordinal: keyOrdinal, ...key }: CustomerKey): KeyCaps => ({
  keyOrdinal,
  spendPerDay: key.spendPerDay,
  spendPerMonth: key.spendPerMonth,
  requestsPerMinute: key.requestsPerMinute,
  tokensPerMinute: key.tokensPerMinute,
  concurrency: key.concurrency,
})

function toResult(tried: Tried, plan: Plan): Result<HeldPlan> {
  if (tried.ok) return tried
  if (!tried.refusal) return refuse('ledger_unavailable', { retryAfterSec: 5 })
  return { ok: false, error: errorOf(tried.refusal, plan) }
}

function errorOf(refusal: ReserveRefusal, plan: Plan): ApiError {
  switch (refusal.kind) {
    case 'no_wallet':
      return { code: 'no_billing_identity' }
    case 'suspended':
      return { code: 'account_suspended' }
    case 'key_revoked':
      return { code: 'invalid_api_key' }
    case 'duplicate':
      return { code: 'internal_error' }
    case 'closed':
      // This process stood still for longer than a request may live: its id is out of date.
      return { code: 'ledger_unavailable', retryAfterSec: 1 }
    case 'claim_reused':
      return { code: 'idempotency_key_reused', param: 'Idempotency-Key' }
    case 'claim_running':
      return { code: 'idempotency_in_progress', retryAfterSec: 5 }
    case 'claim_completed': {
      const { holdId, receiptHash } = refusal
      const detail = { completed_request_id: holdId, receipt_hash: receiptHash }
      return { code: 'idempotency_completed', detail }
    }
    case 'open_holds':
      return {
        code: 'rate_limit_exceeded',
        retryAfterSec: 5,
        detail: { kind: 'open_holds', limit: limits.openHolds },
      }
    case 'counter':
      return limitError(refusal.limit)
    case 'balance':
      return balanceError(refusal, plan)
    default:
      return absurd(refusal)
  }
}

function limitError(limit: LimitKind): ApiError {
  switch (limit) {
    case 'spend_day':
    case 'spend_month':
      return { code: 'spend_cap_exceeded', detail: { limit } }
    case 'rpm':
    case 'tpm':
      return { code: 'rate_limit_exceeded', retryAfterSec: 60, detail: { kind: limit } }
    case 'concurrency':
      return { code: 'rate_limit_exceeded', retryAfterSec: 5, detail: { kind: limit } }
    default:
      return absurd(limit)
  }
}

function balanceError(
  { available, held }: { readonly available: bigint; readonly held: bigint },
  plan: Plan,
): ApiError {
  const detail = {
    required_hold_usd: formatUsd(plan.holdAmount),
    available_usd: formatUsd(available),
    affordable_max_tokens: affordableTokens(plan, available),
  }
  return wouldCover(plan, available + held)
    ? {
        code: 'inflight_budget_exhausted',
        retryAfterSec: 5,
        detail: { ...detail, kind: 'inflight_budget' },
      }
    : { code: 'insufficient_balance', detail }
}

/** Whether the request could run once nothing else is held; our own window may shrink for it. */
function wouldCover(plan: Plan, amount: bigint): boolean {
  return amount >= plan.holdAmount || affordablePlan(plan, amount) !== undefined
}
