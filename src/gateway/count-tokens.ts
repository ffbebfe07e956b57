/**
 * Which count a receipt stands on: the pinned tokenizer's where the profile has one and it was ready in
 * time, else that of bytes. Nothing before first content ever waits for a tokenizer.
 */
import type { PoolShard } from '../fleet/pool.ts'
import { type ByteRatios, countTokens } from '../metering/count.ts'
import type { Tokenizers } from '../metering/tokenizer-cache.ts'
import {
  type PromptCount,
  startPromptCount,
  startTokenCount,
  type TokenCount,
} from '../metering/tokenizer-count.ts'
import type { Bands } from '../metering/usage-truth.ts'
import type { Sleep } from '../protocol/clock.ts'
import type { CountMethod, TokenCounts } from '../protocol/usage.ts'
import type { PricedCandidate } from '../routing/choose.ts'
import { manifestOf, ratiosOf } from './plan.ts'
import type { Work } from './work.ts'

export type CountDeps = {
  /** Undefined where no artifacts are kept. */
  readonly tokenizers?: Tokenizers | undefined
  readonly sleep: Sleep
}

type Order = { readonly work: Pick<Work, 'promptTexts'>; readonly shard: PoolShard }

/** The counts of one request, whose hosts are asked one after the other. */
export type RequestCount = {
  /** Runs beside what this candidate is asked; undefined where bytes must do. */
  readonly startFor: (candidate: PricedCandidate) => TokenCount | undefined
  /** Nothing is counted any more. */
  readonly giveUp: () => void
}

/** Builds that are counted alike share the prompt's count: it is begun once, for the first of them. */
export function makeRequestCount(
  { tokenizers, sleep }: CountDeps,
  { work, shard }: Order,
): RequestCount {
  let prompt: { readonly of: string; readonly count: PromptCount } | undefined
  let latest: TokenCount | undefined

  return {
    startFor: ({ profileId }) => {
      const { tokenizer: pin, renders_reasoning = false } = manifestOf(shard, profileId) ?? {}
      if (!tokenizers || !pin) return undefined
      const of = `${pin.digest} ${renders_reasoning}`
      if (prompt?.of !== of) {
        prompt?.count.tally.giveUp()
        const texts = work.promptTexts({ rendersReasoning: renders_reasoning })
        prompt = { of, count: startPromptCount(tokenizers, pin.digest, texts) }
      }
      latest = startTokenCount({ sleep }, pin, prompt.count)
      return latest
    },
    giveUp: () => {
      latest?.giveUp()
      prompt?.count.tally.giveUp()
    },
  }
}

export type Counted = {
  readonly counted: TokenCounts
  readonly method: CountMethod
  readonly bands: Bands
  /** Of the completion, what stop strings may have taken: they are made, and cut off. */
  readonly unseen: number
}

export type CountedBytes = {
  /** Without the reasoning of earlier answers, which is only counted where a build renders it. */
  readonly prompt: number
  readonly reasoning: number
  readonly completion: number
}

/** The count at the end of an answer. */
export async function countDelivered(
  of: {
    readonly shard: PoolShard
    readonly choices: number
    readonly stop: Work['stop']
    /** Of what is sold by the image or the second, instead of tokens. */
    readonly units?: number | undefined
  },
  delivery: { readonly candidate: PricedCandidate; readonly count?: TokenCount | undefined },
  bytes: CountedBytes,
): Promise<Counted> {
  const { shard } = of
  const { profileId } = delivery.candidate
  if (of.units !== undefined) {
    const counted = { prompt: 0, cached_prompt: 0, completion: 0, units: of.units }
    return { counted, method: 'units', bands: noBands, unseen: 0 }
  }
  const ratios = ratiosOf(shard, profileId)
  const unseen = stopTokensMax(of.stop, ratios) * of.choices
  const { tokenizer: pin, renders_reasoning = false } = manifestOf(shard, profileId) ?? {}
  const counted = pin && (await delivery.count?.finish())
  if (counted) {
    const bands = { prompt: pin, completion: pin }
    return { counted, method: 'tokenizer', bands, unseen }
  }
  const { completion } = bytes
  const prompt = bytes.prompt + (renders_reasoning ? bytes.reasoning : 0)
  const byBytes = countTokens({ prompt, completion }, ratios)
  return { counted: byBytes, method: 'bytes_ratio', bands: ratios, unseen }
}

const noBands: Bands = { prompt: { band: 0 }, completion: { band: 0 } }

/** Of the longest one, at the fewest bytes a token that the profile's band allows. */
function stopTokensMax(stop: Work['stop'], { completion: { mean, band } }: ByteRatios) {
  const texts = typeof stop === 'string' ? [stop] : (stop ?? [])
  const longestBytes = Math.max(0, ...texts.map((text) => Buffer.byteLength(text, 'utf8')))
  return Math.ceil(longestBytes / (mean * (1 - band)))
}
