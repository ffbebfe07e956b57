/**
 * What one benchmark may cost a node and take of us, and how large its requests are where the model
 * has room for them.
 */

/** Tokens of one request before its length is varied. */
export type RequestSize = { readonly promptTokens: number; readonly completionTokens: number }

export type BenchmarkBudget = {
  /** Prompt and completion tokens of a whole run, warm-ups and checks included. */
  readonly tokensMax: number
  readonly durationMs: number
  readonly requestTimeoutMs: number
  readonly warmUps: number
  /** Long prompts, short answers: how fast the first content comes. */
  readonly prefill: RequestSize & { readonly runs: number }
  /** Short prompts, long answers: how fast the text comes. */
  readonly decode: RequestSize & { readonly runs: number }
  readonly ramp: RequestSize & { readonly concurrencyMax: number }
  /** What customers wait for the first content, at the 95th percentile. */
  readonly firstContentTargetMs: number
  /** Between tries at a host that says it is busy, and at one that was just aborted. */
  readonly pauseMs: number
  readonly runsPerDay: number
  /** How long a node is left alone after a run that brought no evidence. */
  readonly retryAfterMs: number
}

/** Four minutes, because the schedule's function lives for five. */
export const deployedBudget: BenchmarkBudget = {
  tokensMax: 30_000,
  durationMs: 4 * 60_000,
  requestTimeoutMs: 60_000,
  warmUps: 3,
  prefill: { runs: 8, promptTokens: 1024, completionTokens: 16 },
  decode: { runs: 8, promptTokens: 128, completionTokens: 256 },
  ramp: { concurrencyMax: 16, promptTokens: 64, completionTokens: 64 },
  firstContentTargetMs: 2_000,
  pauseMs: 500,
  runsPerDay: 2,
  retryAfterMs: 15 * 60_000,
}

/** Whoever starts the product on a laptop waits for this before the first request. */
export const laptopBudget: BenchmarkBudget = {
  tokensMax: 4_000,
  durationMs: 15_000,
  requestTimeoutMs: 10_000,
  warmUps: 1,
  prefill: { runs: 2, promptTokens: 128, completionTokens: 8 },
  decode: { runs: 2, promptTokens: 32, completionTokens: 32 },
  ramp: { concurrencyMax: 4, promptTokens: 32, completionTokens: 16 },
  firstContentTargetMs: 2_000,
  pauseMs: 100,
  runsPerDay: 10_000,
  retryAfterMs: 0,
}
