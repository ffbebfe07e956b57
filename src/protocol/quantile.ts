/** Nearest-rank quantiles of a few unsorted values: every measure of ours is read off them in the same way. */

/** The smallest value that a `share` (0 to 1) of all do not exceed; undefined of nothing. */
export function quantile(values: readonly number[], share: number): number | undefined {
  const sorted = [...values].sort((one, other) => one - other)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]
}
