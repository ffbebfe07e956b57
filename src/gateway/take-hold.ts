/** The reserve of one request, and its refusals in the words of the contract. */

import type { CustomerKey } from '../keys/api-key.ts'
import { countedSpend, counterCharges } from '../ledger/counters.ts'
import { type ReserveDeps, type ReserveRefusal, reserve } from '../ledger/reserve.ts'
import type { Hold } from '../ledger/wallet.ts'
import { formatUsd } from '../money/nano-usd.ts'
import { absurd } from '../protocol/assert.ts'
import type { Ids, NowMs } from '../protocol/clock.ts'
import type { ApiError } from '../protocol/errors.ts'
import { limits } from '../protocol/limits.ts'
import { type Result, refuse } from '../protocol/result.ts'
import { affordablePlan, affordableTokens, type Plan } from './plan.ts'

export type TakeHoldDeps = ReserveDeps & {
  readonly ids: Ids
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
  { key, holdId, plan, priceVersion, startedAtMs }: Parameters<typeof takeHold>[1],
): Promise<Tried> {
  const caps = {
    keyOrdinal: key.ordinal,
    spendPerDay: key.spendPerDay,
    spendPerMonth: key.spendPerMonth,
    requestsPerMinute: key.requestsPerMinute,
  }
  const hold: Hold = {
    amount: plan.holdAmount,
    expiresAtSec: Math.ceil((deps.nowMs() + deps.leaseMs) / 1000),
    nonce: deps.ids.token(6),
    priceVersion,
    counted: countedSpend(caps),
  }
  const reserved = await reserve(deps, {
    accountId: key.accountId,
    holdId,
    hold,
    keyOrdinal: key.ordinal,
    charges: counterCharges(caps, plan.holdAmount, startedAtMs),
  })
  switch (reserved.kind) {
    case 'held':
      return { ok: true, value: { plan, hold } }
    case 'unavailable':
      return { ok: false, refusal: undefined }
    case 'refused':
      return { ok: false, refusal: reserved.refusal }
    default:
      return absurd(reserved)
  }
}

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
    case 'open_holds':
      return {
        code: 'rate_limit_exceeded',
        retryAfterSec: 5,
        detail: { kind: 'open_holds', limit: limits.openHolds },
      }
    case 'counter':
      return refusal.limit === 'rpm'
        ? { code: 'rate_limit_exceeded', retryAfterSec: 60, detail: { kind: 'rpm' } }
        : { code: 'spend_cap_exceeded', detail: { limit: refusal.limit } }
    case 'balance':
      return balanceError(refusal, plan)
    default:
      return absurd(refusal)
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
