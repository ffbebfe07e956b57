/**
 * Which count a receipt stands on: the pinned tokenizer's where the profile has one and it was ready in
 * time, else that of bytes. Nothing before first content ever waits for a tokenizer.
 */
import type { PoolShard } from '../fleet/pool.ts'
import { type ByteRatios, countTokens } from '../metering/count.ts'
import type { Tokenizers } from '../metering/tokenizer-cache.ts'
import { startTokenCount, type TokenCount } from '../metering/tokenizer-count.ts'
import type { Bands } from '../metering/usage-truth.ts'
import type { ChatRequest } from '../protocol/chat-request.ts'
import type { Sleep } from '../protocol/clock.ts'
import type { CountMethod, TokenCounts } from '../protocol/usage.ts'
import type { PricedCandidate } from '../routing/choose.ts'
import { manifestOf, ratiosOf } from './plan.ts'

export type CountDeps = {
  /** Undefined where no artifacts are kept. */
  readonly tokenizers?: Tokenizers | undefined
  readonly sleep: Sleep
}

type Order = { readonly request: ChatRequest; readonly shard: PoolShard }

/** Starts to load what the candidates' answers will be counted with. */
export function prepareTokenizers(
  { tokenizers }: CountDeps,
  shard: PoolShard,
  candidates: readonly PricedCandidate[],
): void {
  for (const { profileId } of candidates) {
    const pin = manifestOf(shard, profileId)?.tokenizer
    if (pin) void tokenizers?.open(pin.digest)
  }
}

/** A count that runs beside the answer of this candidate; undefined where bytes must do. */
export function startCount(
  { tokenizers, sleep }: CountDeps,
  { request, shard }: Order,
  { profileId }: PricedCandidate,
): TokenCount | undefined {
  const pin = manifestOf(shard, profileId)?.tokenizer
  return pin && tokenizers && startTokenCount({ tokenizers, sleep }, pin, request)
}

export type Counted = {
  readonly counted: TokenCounts
  readonly method: CountMethod
  readonly bands: Bands
  /** Of the completion, what stop strings may have taken: they are made, and cut off. */
  readonly unseen: number
}

/** The count at the end of an answer. */
export async function countDelivered(
  of: {
    readonly shard: PoolShard
    readonly choices: number
    readonly stop: ChatRequest['stop']
  },
  delivery: { readonly candidate: PricedCandidate; readonly count?: TokenCount | undefined },
  bytes: { readonly prompt: number; readonly completion: number },
): Promise<Counted> {
  const { shard } = of
  const { profileId } = delivery.candidate
  const ratios = ratiosOf(shard, profileId)
  const unseen = stopTokensMax(of.stop, ratios) * of.choices
  const pin = manifestOf(shard, profileId)?.tokenizer
  const counted = pin && (await delivery.count?.finish())
  return counted
    ? { counted, method: 'tokenizer', bands: { prompt: pin, completion: pin }, unseen }
    : { counted: countTokens(bytes, ratios), method: 'bytes_ratio', bands: ratios, unseen }
}

/** Of the longest one, at the fewest bytes a token that the profile's band allows. */
function stopTokensMax(stop: ChatRequest['stop'], { completion: { mean, band } }: ByteRatios) {
  const texts = typeof stop === 'string' ? [stop] : (stop ?? [])
  const longestBytes = Math.max(0, ...texts.map((text) => Buffer.byteLength(text, 'utf8')))
  return Math.ceil(longestBytes / (mean * (1 - band)))
}
