/** What the samples of one concurrency come to. */
import { quantile } from '../../../src/protocol/quantile.ts'
import type { Sample } from './sample.ts'

export type Level = {
  readonly concurrency: number
  readonly requests: number
  readonly failed: number
  /** Null where nothing was measured. */
  readonly first_content_ms_p50: number | null
  readonly first_content_ms_p95: number | null
  /** Of one reply, after its first token. */
  readonly tokens_per_second_p50: number | null
  /** The slowest of twenty. */
  readonly tokens_per_second_p5: number | null
  /** Of all replies together. */
  readonly throughput_tokens_per_second: number
}

export function levelOf(
  samples: readonly Sample[],
  { concurrency, wallMs }: { readonly concurrency: number; readonly wallMs: number },
): Level {
  const good = samples.filter((sample) => sample.ok)
  const firsts = good.map(({ firstContentMs }) => firstContentMs)
  const speeds = good.flatMap(speedOf)
  const tokens = good.reduce((sum, sample) => sum + sample.tokens, 0)
  return {
    concurrency,
    requests: samples.length,
    failed: samples.length - good.length,
    first_content_ms_p50: rounded(quantile(firsts, 0.5)),
    first_content_ms_p95: rounded(quantile(firsts, 0.95)),
    tokens_per_second_p50: rounded(quantile(speeds, 0.5)),
    tokens_per_second_p5: rounded(quantile(speeds, 0.05)),
    throughput_tokens_per_second: wallMs > 0 ? tenths((tokens * 1000) / wallMs) : 0,
  }
}

/** Nothing can be said of a reply whose tokens all came at once. */
function speedOf(sample: Extract<Sample, { ok: true }>): number[] {
  const ms = sample.totalMs - sample.firstContentMs
  return sample.tokens > 1 && ms > 0 ? [((sample.tokens - 1) * 1000) / ms] : []
}

const tenths = (value: number): number => Math.round(value * 10) / 10
const rounded = (value: number | undefined): number | null =>
  value === undefined ? null : tenths(value)
