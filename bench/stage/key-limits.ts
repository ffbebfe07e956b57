/** Every limit that a key can have, as a careful customer sets them, and so high that no bench reaches one. */
export const keyLimits = {
  spendPerDay: 10n ** 15n,
  spendPerMonth: 10n ** 16n,
  requestsPerMinute: 100_000_000,
  tokensPerMinute: 100_000_000_000,
  concurrency: 64,
} as const
