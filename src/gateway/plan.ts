/**
 * What a request may cost and where it may go, worked out before any money or host is touched. Pure:
 * the request, the key, one pool shard and a die in; a plan or a precise refusal out.
 */

import { promptFields } from '../dispatch/field-table.ts'
import type { ExcludedBy } from '../fleet/blockers.ts'
import type { Candidate, PoolShard } from '../fleet/pool.ts'
import type { CustomerKey } from '../keys/api-key.ts'
import {
  type ByteRatios,
  promptBytes,
  promptTokensBound,
  reasoningBytes,
} from '../metering/count.ts'
import { readImages } from '../metering/images.ts'
import type { UnitBounds } from '../metering/units.ts'
import type { NanoUsd } from '../money/nano-usd.ts'
import { affordableCompletion, highestCharge } from '../money/price.ts'
import { assert } from '../protocol/assert.ts'
import type { ProfileManifest } from '../protocol/catalogue.ts'
import type { ChatRequest } from '../protocol/chat-request.ts'
import type { Random } from '../protocol/clock.ts'
import { limits } from '../protocol/limits.ts'
import { ok, type Result } from '../protocol/result.ts'
import { affinityOf } from '../routing/affinity.ts'
import type { PricedCandidate } from '../routing/choose.ts'
import { type Asked, parameterFault, servesParameters } from './parameters.ts'
import { pickHosts } from './pick-hosts.ts'
import { routePolicyOf } from './route-policy.ts'
import { askedWindow, ourWindow, windowFault } from './window.ts'

export type Plan = {
  readonly candidates: readonly PricedCandidate[]
  readonly choices: number
  readonly promptBytes: number
  /** Of earlier answers, beside those: a template may render them. */
  readonly reasoningBytes: number
  /** No tokenizer makes more prompt tokens than this. */
  readonly promptTokensMax: number
  /** Of those, what the images may take. */
  readonly imageTokensMax: number
  /** How many those are; absent where there can be none. */
  readonly images?: number | undefined
  /** Completion tokens per choice. */
  readonly windowTokens: number
  /** What is sold by the image or the second; absent where tokens alone are sold. */
  readonly units?: UnitBounds | undefined
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
  const images = readImages(request.messages)
  if (!images.ok) return images
  const asked = { request, images: images.value }
  const bytes = promptBytes(request)
  const ofReasoning = reasoningBytes(request.messages)
  const promptTokensMin = promptTokensLeast(shard, bytes)
  const fault = parameterFault(asked, model) ?? windowFault(request, model, promptTokensMin)
  if (fault) return { ok: false, error: fault }
  const picked = pickHosts(shard, key, {
    policy: routePolicyOf(request, key, promptTokensMin),
    unableBecause: (one) => unableBecause(one, shard, asked, promptTokensMin),
    draw: { affinity: affinityOf(request, key.accountId), random },
  })
  if (!picked.ok) return picked
  const candidates = picked.value
  const imageTokensMax = images.value.length * imageTokensOf(shard, candidates)
  const promptTokensMax = promptTokensBound(promptFields(request), imageTokensMax)
  const plan = {
    candidates,
    choices: request.n ?? 1,
    promptBytes: bytes,
    reasoningBytes: ofReasoning,
    promptTokensMax,
    imageTokensMax,
    images: images.value.length,
    windowIsOurs: askedWindow(request) === undefined,
  }
  const likelyMost = promptTokensMost(shard, bytes + ofReasoning) + imageTokensMax
  const prompt = { least: promptTokensMin, likelyMost, most: promptTokensMax }
  const contexts = candidates.map((candidate) => candidate.contextLength)
  return ok(withWindow(plan, askedWindow(request) ?? ourWindow(prompt, model, contexts)))
}

/** What keeps a candidate from this request before any policy is asked. */
function unableBecause(
  { runtimeKind, profileId, contextLength }: Candidate,
  shard: PoolShard,
  asked: Asked,
  promptTokensMin: number,
): ExcludedBy | undefined {
  if (!servesParameters(asked, runtimeKind, manifestOf(shard, profileId))) {
    return 'require_parameters'
  }
  const tokensMin = promptTokensMin + (askedWindow(asked.request) ?? 1)
  return tokensMin > contextLength ? 'context_length' : undefined
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
  const manifest = manifestOf(shard, profileId)
  assert(manifest !== undefined, 'a pool candidate has a manifest', { profileId })
  return manifest.bytes_per_token
}

export const manifestOf = ({ model }: PoolShard, profileId: string): ProfileManifest | undefined =>
  model.profiles.find((profile) => profile.profile_id === profileId)

/** What one image takes at the candidate where it takes the most. */
const imageTokensOf = (shard: PoolShard, candidates: readonly Candidate[]): number =>
  Math.max(
    ...candidates.map(({ profileId }) => manifestOf(shard, profileId)?.image_tokens_max ?? 0),
  )

/** The prompt at the profile whose images take the most, whichever hosts were drawn. */
export function dearestPromptTokens(
  plan: Pick<Plan, 'promptTokensMax' | 'imageTokensMax' | 'images'>,
  { model }: PoolShard,
): number {
  const most = Math.max(0, ...model.profiles.map((profile) => profile.image_tokens_max ?? 0))
  return plan.promptTokensMax - plan.imageTokensMax + (plan.images ?? 0) * most
}

export function withWindow(
  plan: Omit<Plan, 'windowTokens' | 'holdAmount'>,
  windowTokens: number,
): Plan {
  const bound = {
    prompt: plan.promptTokensMax,
    completion: windowTokens * plan.choices,
    units: plan.units?.most,
  }
  const prices = plan.candidates.map((candidate) => candidate.price)
  return { ...plan, windowTokens, holdAmount: highestCharge(bound, prices) }
}

/** What the prompt takes even if every byte falls as densely into tokens as the band allows. */
export const promptTokensLeast = (shard: PoolShard, bytes: number): number =>
  Math.min(...promptTokensAt(shard, bytes, (band) => 1 + band))

/** The same, as sparsely. */
const promptTokensMost = (shard: PoolShard, bytes: number): number =>
  Math.max(...promptTokensAt(shard, bytes, (band) => 1 - band))

function promptTokensAt(shard: PoolShard, bytes: number, factor: (band: number) => number) {
  const counts = shard.model.profiles.map(({ bytes_per_token: { prompt } }) =>
    Math.floor(bytes / (prompt.mean * factor(prompt.band))),
  )
  return counts.length === 0 ? [0] : counts
}
