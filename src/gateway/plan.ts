/**
 * What a request may cost and where it may go, worked out before any money or host is touched. Pure:
 * the request, the key, one pool shard and a die in; a plan or a precise refusal out.
 */

import { type PricedModel, priceFor } from '../catalogue/model.ts'
import { forwardsAll, servesChoices } from '../dispatch/host-body.ts'
import type { ExcludedBy } from '../fleet/blockers.ts'
import type { PoolShard } from '../fleet/pool.ts'
import type { CustomerKey } from '../keys/api-key.ts'
import { type ByteRatios, promptBytes, promptTokensBound } from '../metering/count.ts'
import type { NanoUsd } from '../money/nano-usd.ts'
import { affordableCompletion, highestCharge } from '../money/price.ts'
import { assert } from '../protocol/assert.ts'
import type { ChatRequest } from '../protocol/chat-request.ts'
import type { RuntimeKind } from '../protocol/claim.ts'
import type { Random } from '../protocol/clock.ts'
import { limits } from '../protocol/limits.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import { choose, isTooDear, type MaxPrice, type PricedCandidate } from '../routing/choose.ts'

export type Plan = {
  readonly candidates: readonly PricedCandidate[]
  readonly choices: number
  readonly promptBytes: number
  /** No tokenizer makes more prompt tokens than this. */
  readonly promptTokensMax: number
  /** Completion tokens per choice. */
  readonly windowTokens: number
  /** The client named no window, so it may be lowered to what the balance affords. */
  readonly windowIsOurs: boolean
  readonly holdAmount: NanoUsd
}

export function planRequest(
  request: ChatRequest,
  key: CustomerKey,
  shard: PoolShard,
  random: Random,
): Result<Plan> {
  const { model } = shard
  const choices = request.n ?? 1
  const bytes = promptBytes(request)
  const promptTokensMin = promptTokensLeast(shard, bytes)
  if (promptTokensMin >= model.context_length) {
    return refuse('context_length_exceeded', {
      param: 'messages',
      message: `The prompt has at least ${promptTokensMin} tokens; ${model.id} takes ${model.context_length}.`,
    })
  }
  const policy = {
    routeTiers: intersection(key.policy.route_tiers, request.provider?.route_tier),
    trustTiers: intersection(key.policy.trust_tiers, request.provider?.trust),
    maxPrice: maxPriceOf(request),
    promptTokensMin,
  }
  const able = shard.candidates.filter((one) => isAble(one.runtimeKind, request, choices))
  const { candidates, excludedBy } = choose(model, able, policy, random)
  if (candidates.length === 0) {
    const forbidden = forbiddenForGood(model, key, policy.maxPrice)
    if (forbidden) return refuse(forbidden)
    const unable = able.length < shard.candidates.length ? (['require_parameters'] as const) : []
    return noCandidate([...new Set([...excludedBy, ...unable, ...shard.excludedBy])])
  }
  const asked = request.max_completion_tokens ?? request.max_tokens
  const windowTokens = Math.min(
    asked ?? limits.defaultMaxTokens,
    model.max_output_tokens,
    model.context_length - promptTokensMin,
  )
  const plan = {
    candidates,
    choices,
    promptBytes: bytes,
    promptTokensMax: promptTokensBound(request),
    windowIsOurs: asked == null,
  }
  return ok(withWindow(plan, windowTokens))
}

/** Under `require_parameters` a host must be given every parameter; else what it lacks is dropped. */
function isAble(kind: RuntimeKind, request: ChatRequest, choices: number): boolean {
  const mustForward = request.provider?.require_parameters === true
  return servesChoices(kind, choices) && (!mustForward || forwardsAll(request, kind))
}

/** The plan with the window that `available` pays for; undefined below the least useful one. */
export function affordablePlan(plan: Plan, available: NanoUsd): Plan | undefined {
  const tokens = affordableTokens(plan, available)
  return plan.windowIsOurs && tokens >= limits.minAffordableTokens
    ? withWindow(plan, Math.min(tokens, plan.windowTokens))
    : undefined
}

/** Completion tokens per choice that `available` covers beside the prompt. */
export function affordableTokens(plan: Plan, available: NanoUsd): number {
  const prices = plan.candidates.map((candidate) => candidate.price)
  return Math.floor(affordableCompletion(available, plan.promptTokensMax, prices) / plan.choices)
}

export function ratiosOf(shard: PoolShard, profileId: string): ByteRatios {
  const manifest = shard.model.profiles.find((profile) => profile.profile_id === profileId)
  assert(manifest !== undefined, 'a pool candidate has a manifest', { profileId })
  return manifest.bytes_per_token
}

function withWindow(plan: Omit<Plan, 'windowTokens' | 'holdAmount'>, windowTokens: number): Plan {
  const bound = { prompt: plan.promptTokensMax, completion: windowTokens * plan.choices }
  const prices = plan.candidates.map((candidate) => candidate.price)
  return { ...plan, windowTokens, holdAmount: highestCharge(bound, prices) }
}

/** What the prompt takes even if every byte falls as densely into tokens as the band allows. */
function promptTokensLeast(shard: PoolShard, bytes: number): number {
  const counts = shard.model.profiles.map(({ bytes_per_token: { prompt } }) =>
    Math.floor(bytes / (prompt.mean * (1 + prompt.band))),
  )
  return counts.length === 0 ? 0 : Math.min(...counts)
}

/** What no host that may yet come up could change: the key's tiers, the customer's price. */
function forbiddenForGood(
  model: PricedModel,
  key: CustomerKey,
  maxPrice: MaxPrice | undefined,
): 'route_tier_not_allowed' | 'max_price_unmet' | undefined {
  const { route_tiers: routeTiers, trust_tiers: trustTiers } = key.policy
  const open = model.prices
    .map((row) => ({ routeTier: row.route_tier, trustTier: row.trust_tier }))
    .filter(({ routeTier }) => routeTiers?.includes(routeTier) ?? true)
    .filter(({ trustTier }) => trustTiers?.includes(trustTier) ?? true)
  if (open.length === 0) return model.prices.length > 0 ? 'route_tier_not_allowed' : undefined
  const fits = open.some((tiers) => {
    const price = priceFor(model, tiers)
    return price !== undefined && !isTooDear(price, maxPrice)
  })
  return fits ? undefined : 'max_price_unmet'
}

function noCandidate(excludedBy: readonly ExcludedBy[]) {
  return refuse('no_eligible_host', {
    retryAfterSec: 15,
    detail: { availability: { code: 'no_eligible_host', excluded_by: excludedBy } },
  })
}

function intersection(
  allowed: readonly string[] | undefined,
  asked: readonly string[] | null | undefined,
): readonly string[] | undefined {
  if (!asked) return allowed
  return allowed ? asked.filter((one) => allowed.includes(one)) : asked
}

function maxPriceOf(request: ChatRequest) {
  const { prompt, completion } = request.provider?.max_price ?? {}
  if (prompt == null && completion == null) return undefined
  return {
    promptNanoUsdPerMTok: toNanoUsd(prompt),
    completionNanoUsdPerMTok: toNanoUsd(completion),
  }
}

/** A client's number is a preference, not an amount of ours: rounded down to whole nano-USD. */
function toNanoUsd(usdPerMTok: number | null | undefined): NanoUsd {
  return BigInt(Math.floor((usdPerMTok ?? 1_000_000) * 1e9))
}
