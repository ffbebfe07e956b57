/** A budget that scripted hosts get through in milliseconds. */
import { type BenchmarkBudget, deployedBudget } from '../../src/benchmark/budget.ts'

export const smallBudget: BenchmarkBudget = {
  ...deployedBudget,
  warmUps: 1,
  prefill: { runs: 2, promptTokens: 100, completionTokens: 8 },
  decode: { runs: 3, promptTokens: 40, completionTokens: 32 },
  ramp: { concurrencyMax: 2, promptTokens: 40, completionTokens: 16 },
  tokensMax: 4_000,
  pauseMs: 60,
  retryAfterMs: 0,
}
