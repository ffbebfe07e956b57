// What the engine has done so far, under llama.cpp's metric names and in Prometheus' text format.

export type Counters = {
  promptTokens: number
  promptMs: number
  predictedTokens: number
  predictedMs: number
}

export const makeCounters = (): Counters => ({
  promptTokens: 0,
  promptMs: 0,
  predictedTokens: 0,
  predictedMs: 0,
})

type Metric = {
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly help: string
  readonly value: number
}

export type Load = { readonly processing: number; readonly deferred: number }

const perSecond = (count: number, ms: number): number => (ms === 0 ? 0 : (count * 1000) / ms)

const metricsOf = (counters: Counters, load: Load): readonly Metric[] => [
  {
    name: 'prompt_tokens_total',
    type: 'counter',
    help: 'Prompt tokens processed.',
    value: counters.promptTokens,
  },
  {
    name: 'prompt_seconds_total',
    type: 'counter',
    help: 'Time from slot to first token.',
    value: counters.promptMs / 1000,
  },
  {
    name: 'tokens_predicted_total',
    type: 'counter',
    help: 'Tokens generated.',
    value: counters.predictedTokens,
  },
  {
    name: 'tokens_predicted_seconds_total',
    type: 'counter',
    help: 'Time spent generating.',
    value: counters.predictedMs / 1000,
  },
  {
    name: 'prompt_tokens_seconds',
    type: 'gauge',
    help: 'Average prompt throughput in tokens a second.',
    value: perSecond(counters.promptTokens, counters.promptMs),
  },
  {
    name: 'predicted_tokens_seconds',
    type: 'gauge',
    help: 'Average generation throughput in tokens a second.',
    value: perSecond(counters.predictedTokens, counters.predictedMs),
  },
  {
    name: 'requests_processing',
    type: 'gauge',
    help: 'Requests that hold a slot.',
    value: load.processing,
  },
  {
    name: 'requests_deferred',
    type: 'gauge',
    help: 'Requests that wait for a slot.',
    value: load.deferred,
  },
]

export const renderMetrics = (counters: Counters, load: Load): string =>
  metricsOf(counters, load)
    .map(({ name, type, help, value }) =>
      [
        `# HELP llamacpp:${name} ${help}`,
        `# TYPE llamacpp:${name} ${type}`,
        `llamacpp:${name} ${value}\n`,
      ].join('\n'),
    )
    .join('')
