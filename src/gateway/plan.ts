/**
 * What a request may cost and where it may go, worked out before any money or host is touched. Pure:
 * the request, the key, one pool shard and a die in; a plan or a precise refusal out.
 */

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
import { choose, type PricedCandidate } from '../routing/choose.ts'
import { forbiddenForGood, routePolicyOf } from './route-policy.ts'

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
  const policy = routePolicyOf(request, key, promptTokensMin)
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

function noCandidate(excludedBy: readonly ExcludedBy[]) {
  return refuse('no_eligible_host', {
    retryAfterSec: 15,
    detail: { availability: { code: 'no_eligible_host', excluded_by: excludedBy } },
  })
}
