/**
 * What tokens cost. A charge adds exact numerators over all token classes and rounds once, up, so
 * that the same usage and the same price give the same charge to anyone who recomputes it.
 */
import type { NanoUsd } from './nano-usd.ts'

const tokensPerMTok = 1_000_000n
const basisPoints = 10_000n

/** Tokens that are billed. `cachedPrompt` is the part of `prompt` that a prefix cache served. */
export type BilledTokens = {
  readonly prompt: number
  readonly cachedPrompt: number
  readonly completion: number
  /** Images, or begun seconds of audio. */
  readonly units?: number | undefined
}

/** Nano-USD per million tokens, by class. */
export type Price = {
  readonly promptNanoUsdPerMTok: NanoUsd
  readonly cachedPromptNanoUsdPerMTok: NanoUsd
  readonly completionNanoUsdPerMTok: NanoUsd
  /** Nano-USD per image, or per begun second of audio; absent where tokens alone are sold. */
  readonly unitNanoUsd?: NanoUsd | undefined
}

/** The charge for `tokens` at `price`, rounded up to a whole nano-USD. */
export function chargeFor(tokens: BilledTokens, price: Price): NanoUsd {
  const uncached = BigInt(tokens.prompt - tokens.cachedPrompt)
  const numerator =
    uncached * price.promptNanoUsdPerMTok +
    BigInt(tokens.cachedPrompt) * price.cachedPromptNanoUsdPerMTok +
    BigInt(tokens.completion) * price.completionNanoUsdPerMTok +
    BigInt(tokens.units ?? 0) * (price.unitNanoUsd ?? 0n) * tokensPerMTok
  return (numerator + tokensPerMTok - 1n) / tokensPerMTok
}

/** The largest charge that so many tokens and units can lead to at any of `prices`. */
export function highestCharge(
  bound: Omit<BilledTokens, 'cachedPrompt'>,
  prices: readonly Price[],
): NanoUsd {
  return prices
    .map((price) => chargeFor({ ...bound, cachedPrompt: 0 }, dearestPrompt(price)))
    .reduce((highest, charge) => (charge > highest ? charge : highest), 0n)
}

/** How many completion tokens `budget` still buys once `prompt` tokens are paid at `price`. */
export function affordableCompletion(
  budget: NanoUsd,
  prompt: number,
  prices: readonly Price[],
): number {
  const counts = prices.map((price) => {
    const left = budget * tokensPerMTok - BigInt(prompt) * dearestPrompt(price).promptNanoUsdPerMTok
    if (left < 0n) return 0
    if (price.completionNanoUsdPerMTok === 0n) return Number.MAX_SAFE_INTEGER
    const count = left / price.completionNanoUsdPerMTok
    return count > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(count)
  })
  return Math.min(...counts)
}

export type ChargeSplit = { readonly hostShare: NanoUsd; readonly fee: NanoUsd }

/** Host share rounded down, the fee takes the rest: the two always add up to the charge. */
export function splitCharge(charge: NanoUsd, hostShareBps: number): ChargeSplit {
  const hostShare = (charge * BigInt(hostShareBps)) / basisPoints
  return { hostShare, fee: charge - hostShare }
}

/** A cache hit could be priced above a miss; the bound must hold for either. */
function dearestPrompt(price: Price): Price {
  const { promptNanoUsdPerMTok: miss, cachedPromptNanoUsdPerMTok: hit } = price
  return hit > miss ? { ...price, promptNanoUsdPerMTok: hit } : price
}
