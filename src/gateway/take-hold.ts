/** The reserve of one request, and its refusals in the words of the contract. */

import { isoTime } from '../http/iso-time.ts'
import { type CustomerKey, isUsable } from '../keys/api-key.ts'
import { capsOf, limitsNow } from '../keys/key-caps.ts'
import {
  countedUse,
  counterCharges,
  type LimitKind,
  pastMinuteCounters,
} from '../ledger/counters.ts'
import type { IdempotencyClaim } from '../ledger/ports.ts'
import {
  type ReserveDeps,
  type ReserveRefusal,
  reserve,
  type SeenCounters,
} from '../ledger/reserve.ts'
import type { Hold } from '../ledger/wallet.ts'
import { formatUsd } from '../money/nano-usd.ts'
import { absurd, InvariantError } from '../protocol/assert.ts'
import { durationMs, type NowMs } from '../protocol/clock.ts'
import type { ApiError } from '../protocol/errors.ts'
import { limits } from '../protocol/limits.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import { claimError } from './idempotency-key.ts'
import { affordablePlan, affordableTokens, type Plan } from './plan.ts'

export type TakeHoldDeps = ReserveDeps & {
  readonly nowMs: NowMs
  /** Deadline plus margin: fixed at reserve, never renewed. */
  readonly leaseMs: number
  /** By id, as it is now; without it a key whose limits were changed since it was read is refused. */
  readonly readKey?: ((keyId: string) => Promise<CustomerKey | undefined>) | undefined
}

export type HeldPlan = { readonly plan: Plan; readonly hold: Hold }

export type TakeHoldOrder = {
  readonly key: CustomerKey
  readonly holdId: string
  readonly plan: Plan
  readonly priceVersion: number
  /** The time in the hold's id: what names the periods of its counters, now and at settlement. */
  readonly startedAtMs: number
  /** Taken with the hold; undefined where the client sent no idempotency key. */
  readonly claim: IdempotencyClaim | undefined
  readonly retryTag: string | undefined
  /** Told of the key's limits and counters as the write met them. */
  readonly onCounters?: ((seen: SeenLimits) => void) | undefined
}

export async function takeHold(
  deps: TakeHoldDeps,
  order: TakeHoldOrder,
): Promise<Result<HeldPlan>> {
  const toResult = (tried: Tried, plan: Plan) => {
    const { key, counters } = tried
    order.onCounters?.({ key, counters })
    return resultOf(tried, plan, {
      key,
      counters,
      startedAtMs: order.startedAtMs,
      nowMs: deps.nowMs(),
    })
  }
  const first = await reservePlan(deps, order)
  if (first.ok || first.refusal?.kind !== 'balance') return toResult(first, order.plan)
  const smaller = affordablePlan(order.plan, first.refusal.available)
  if (!smaller) return toResult(first, order.plan)
  return toResult(await reservePlan(deps, { ...order, plan: smaller }), smaller)
}

/** By which key, as it was read last. */
export type SeenLimits = { readonly key: CustomerKey; readonly counters: SeenCounters }

type Tried = SeenLimits &
  (
    | { readonly ok: true; readonly value: HeldPlan }
    | { readonly ok: false; readonly refusal: ReserveRefusal | undefined }
  )

/** How far the limits of the key were used. */
type Used = SeenLimits & {
  readonly startedAtMs: number
  readonly nowMs: number
}

/** A key whose limits were changed since this process read it is read again, and held to those in force. */
async function reservePlan(deps: TakeHoldDeps, order: TakeHoldOrder): Promise<Tried> {
  const tried = await reserveFor(deps, order)
  if (tried.ok || tried.refusal?.kind !== 'key_changed') return tried
  const key = await readAgain(deps, order.key)
  if (!key) return tried
  if (!isUsable(key, deps.nowMs())) return { ...tried, refusal: { kind: 'key_revoked' } }
  return reserveFor(deps, { ...order, key })
}

/** As opened by the secret that asks; undefined where it cannot be read. */
async function readAgain(
  { readKey }: TakeHoldDeps,
  { keyId, secret }: CustomerKey,
): Promise<CustomerKey | undefined> {
  try {
    const key = await readKey?.(keyId)
    return key && { ...key, secret }
  } catch (error) {
    if (error instanceof InvariantError) throw error
    return undefined
  }
}

async function reserveFor(
  deps: TakeHoldDeps,
  { key, holdId, plan, priceVersion, startedAtMs, claim, retryTag }: TakeHoldOrder,
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
    secret: key.secret,
    keyVersion: key.version,
    charges: counterCharges(caps, use, startedAtMs),
    dropCounters: pastMinuteCounters(caps, startedAtMs),
    claim,
    retryTag,
  })
  const seen = { key, counters: 'counters' in reserved ? reserved.counters : undefined }
  switch (reserved.kind) {
    case 'held':
      return { ...seen, ok: true, value: { plan, hold: reserved.hold } }
    case 'unavailable':
      return { key, counters: undefined, ok: false, refusal: undefined }
    case 'refused':
      return { ...seen, ok: false, refusal: reserved.refusal }
    default:
      return absurd(reserved)
  }
}

function resultOf(tried: Tried, plan: Plan, used: Used): Result<HeldPlan> {
  if (tried.ok) return ok(tried.value)
  if (!tried.refusal) return refuse('ledger_unavailable', { retryAfterSec: 5 })
  return { ok: false, error: errorOf(tried.refusal, plan, used) }
}

function errorOf(refusal: ReserveRefusal, plan: Plan, used: Used): ApiError {
  switch (refusal.kind) {
    case 'no_wallet':
      return { code: 'no_billing_identity' }
    case 'suspended':
      return { code: 'account_suspended' }
    case 'key_revoked':
      return { code: 'invalid_api_key' }
    case 'key_changed':
      // What it is now could not be read, or it changed once more.
      return { code: 'ledger_unavailable', retryAfterSec: 1 }
    case 'duplicate':
      return { code: 'internal_error' }
    case 'closed':
      // This process stood still for longer than a request may live: its id is out of date.
      return { code: 'ledger_unavailable', retryAfterSec: 1 }
    case 'claim_reused':
    case 'claim_running':
    case 'claim_completed':
      return claimError(refusal)
    case 'open_holds':
      return {
        code: 'rate_limit_exceeded',
        retryAfterSec: 5,
        detail: { kind: 'open_holds', limit: limits.openHolds },
      }
    case 'counter':
      return limitError(refusal.limit, used)
    case 'balance':
      return balanceError(refusal, plan)
    default:
      return absurd(refusal)
  }
}

function limitError(limit: LimitKind, { key, counters, startedAtMs, nowMs }: Used): ApiError {
  const now = limitsNow(key, counters, startedAtMs).find(({ kind }) => kind === limit)
  const resets = now?.resetsAtMs === undefined ? {} : { resets_at: isoTime(now.resetsAtMs) }
  switch (limit) {
    case 'spend_day':
    case 'spend_month':
      return {
        code: 'spend_cap_exceeded',
        detail: {
          limit,
          ...(now?.cap === undefined ? {} : { limit_usd: formatUsd(now.cap) }),
          ...(now?.used === undefined ? {} : { used_usd: formatUsd(now.used) }),
          ...resets,
        },
      }
    case 'rpm':
    case 'tpm': {
      const waitMs = durationMs(nowMs, now?.resetsAtMs ?? nowMs)
      const retryAfterSec = Math.max(1, Math.ceil(waitMs / 1000))
      return { code: 'rate_limit_exceeded', retryAfterSec, detail: { kind: limit, ...resets } }
    }
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
    // What has no window cannot be made smaller.
    ...(plan.windowTokens === 0
      ? {}
      : { affordable_max_tokens: affordableTokens(plan, available) }),
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
