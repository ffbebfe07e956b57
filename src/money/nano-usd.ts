/**
 * Money is a whole number of nano-USD in a `bigint`, and no bigint in this code is anything else.
 * Amounts cross the wire as decimal USD strings, so that no reader can lose digits to a float.
 */

export type NanoUsd = bigint

export const nanoUsdPerUsd = 1_000_000_000n

const usdPattern = /^(0|[1-9]\d{0,11})(?:\.(\d{1,9}))?$/

/** `"1.25"` → `1_250_000_000n`; undefined for anything but a plain, non-negative decimal. */
export function parseUsd(text: string): NanoUsd | undefined {
  const match = usdPattern.exec(text)
  if (!match) return undefined
  const [, whole = '0', fraction = ''] = match
  return BigInt(whole) * nanoUsdPerUsd + BigInt(fraction.padEnd(9, '0'))
}

/** `1_250_000_000n` → `"1.25"`: exact, without trailing zeros. */
export function formatUsd(amount: NanoUsd): string {
  const sign = amount < 0n ? '-' : ''
  const magnitude = amount < 0n ? -amount : amount
  const fraction = (magnitude % nanoUsdPerUsd).toString().padStart(9, '0').replace(/0+$/, '')
  const whole = (magnitude / nanoUsdPerUsd).toString()
  return fraction === '' ? `${sign}${whole}` : `${sign}${whole}.${fraction}`
}
