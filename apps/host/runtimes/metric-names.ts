/**
 * What runtimes call their metrics, with the versions that use each name. A new name of a new
 * version is a new row; no reader knows names of its own.
 */
import type { RuntimeKind } from '../../../src/protocol/claim.ts'
import { inRange } from './version-range.ts'

export type Measure =
  | 'running'
  | 'waiting'
  /** Requests that wait because the cache or the batch is full. */
  | 'waitingForCapacity'
  /** 0 to 1. */
  | 'kvUsage'
  /** Numbers that move while tokens are made, and stand still when an engine hangs. */
  | 'progress'
  | 'awake'

export type MetricName = {
  readonly measure: Measure
  readonly versions: string
  readonly name: string
  /** Only samples with these labels count. */
  readonly labels?: Readonly<Record<string, string>>
}

type Row = readonly [
  measure: Measure,
  versions: string,
  name: string,
  labels?: Readonly<Record<string, string>>,
]

const rows: Readonly<Partial<Record<RuntimeKind, readonly Row[]>>> = {
  vllm: [
    ['running', '*', 'vllm:num_requests_running'],
    ['waiting', '*', 'vllm:num_requests_waiting'],
    ['waitingForCapacity', '*', 'vllm:num_requests_waiting_by_reason', { reason: 'capacity' }],
    ['kvUsage', '>=0.9.2', 'vllm:kv_cache_usage_perc'],
    ['kvUsage', '<0.9.2', 'vllm:gpu_cache_usage_perc'],
    ['progress', '*', 'vllm:generation_tokens_total'],
    ['progress', '*', 'vllm:prompt_tokens_total'],
    ['progress', '*', 'vllm:iteration_tokens_total_count'],
    ['awake', '*', 'vllm:engine_sleep_state', { sleep_state: 'awake' }],
  ],
  sglang: [
    ['running', '*', 'sglang:num_running_reqs'],
    ['waiting', '*', 'sglang:num_queue_reqs'],
    ['kvUsage', '*', 'sglang:token_usage'],
    // The counters move only when a request ends; these gauges move with every few tokens.
    ['progress', '*', 'sglang:num_used_tokens'],
    ['progress', '*', 'sglang:gen_throughput'],
    ['progress', '*', 'sglang:generation_tokens_total'],
    ['progress', '*', 'sglang:prompt_tokens_total'],
  ],
  llamacpp: [
    ['running', '*', 'llamacpp:requests_processing'],
    ['waiting', '*', 'llamacpp:requests_deferred'],
    // Newer builds no longer tell; build numbers start with a letter, as in `b6123`.
    ['kvUsage', '*', 'llamacpp:kv_cache_usage_ratio'],
    ['progress', '*', 'llamacpp:n_decode_total'],
    ['progress', '*', 'llamacpp:tokens_predicted_total'],
    ['progress', '*', 'llamacpp:prompt_tokens_total'],
  ],
}

/**
 * The names of one measure, the likeliest first. A version that is not known, or whose name is not
 * exposed after all, leaves the other names to be tried.
 */
export function metricNames(
  kind: RuntimeKind,
  measure: Measure,
  version: string | undefined,
): MetricName[] {
  const names = (rows[kind] ?? [])
    .filter((row) => row[0] === measure)
    .map(([, versions, name, labels]) => ({
      measure,
      versions,
      name,
      ...(labels === undefined ? {} : { labels }),
    }))
  const fits = ({ versions }: MetricName) => version !== undefined && inRange(version, versions)
  return [...names.filter(fits), ...names.filter((one) => !fits(one))]
}
