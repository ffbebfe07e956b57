/**
 * What requests came to, as whole numbers that add up: counts, tokens and nano-USD. All of it is told
 * by receipts, so it can be counted again from them.
 */
import type { NanoUsd } from '../money/nano-usd.ts'

export type Spend = {
  readonly requests: bigint
  /** By how they ended, as `ResultStatus` of a receipt; these four add up to the requests. */
  readonly completed: bigint
  readonly partial: bigint
  readonly failed: bigint
  readonly expired: bigint
  /** Tokens and units as billed. */
  readonly promptTokens: bigint
  readonly cachedPromptTokens: bigint
  readonly completionTokens: bigint
  readonly units: bigint
  readonly charge: NanoUsd
  readonly hostShare: NanoUsd
  readonly fee: NanoUsd
}

export const noSpend: Spend = {
  requests: 0n,
  completed: 0n,
  partial: 0n,
  failed: 0n,
  expired: 0n,
  promptTokens: 0n,
  cachedPromptTokens: 0n,
  completionTokens: 0n,
  units: 0n,
  charge: 0n,
  hostShare: 0n,
  fee: 0n,
}

export const addSpend = (one: Spend, other: Spend): Spend => ({
  requests: one.requests + other.requests,
  completed: one.completed + other.completed,
  partial: one.partial + other.partial,
  failed: one.failed + other.failed,
  expired: one.expired + other.expired,
  promptTokens: one.promptTokens + other.promptTokens,
  cachedPromptTokens: one.cachedPromptTokens + other.cachedPromptTokens,
  completionTokens: one.completionTokens + other.completionTokens,
  units: one.units + other.units,
  charge: one.charge + other.charge,
  hostShare: one.hostShare + other.hostShare,
  fee: one.fee + other.fee,
})
