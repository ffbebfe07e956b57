/** Amounts and charges as a reader of receipts works them out, without the program's own functions. */

/** `0.0125` → 12,500,000 nano-USD. */
export function nanoOf(usd: string): bigint {
  const [whole = '0', fraction = ''] = usd.split('.')
  return BigInt(whole) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'))
}

export type PriceLines = {
  readonly prompt_usd_per_mtok: string
  readonly cached_prompt_usd_per_mtok: string
  readonly completion_usd_per_mtok: string
}

/** Exact over all classes of tokens, then rounded up once. */
export function chargeOf(
  tokens: { readonly prompt: number; readonly cached_prompt: number; readonly completion: number },
  price: PriceLines,
): bigint {
  const exact =
    BigInt(tokens.prompt - tokens.cached_prompt) * nanoOf(price.prompt_usd_per_mtok) +
    BigInt(tokens.cached_prompt) * nanoOf(price.cached_prompt_usd_per_mtok) +
    BigInt(tokens.completion) * nanoOf(price.completion_usd_per_mtok)
  const whole = exact / 1_000_000n
  return exact % 1_000_000n === 0n ? whole : whole + 1n
}
