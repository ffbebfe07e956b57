import { expect, it } from 'vitest'
import { metricNames } from '../../../../apps/host/runtimes/metric-names.ts'
import { inRange } from '../../../../apps/host/runtimes/version-range.ts'

it.each([
  ['0.9.1', '<0.9.2', true],
  ['0.9.2', '<0.9.2', false],
  ['0.9.2', '>=0.9.2', true],
  ['0.10.0', '>=0.9.2', true],
  ['0.9', '>=0.9.0', true],
  ['0.9', '>0.9.0', false],
  ['0.9.0.1', '>0.9', true],
  ['1', '<=1.0.0', true],
  ['2.0.0', '>=0.8 <2', false],
  ['1.9.9', '>=0.8 <2', true],
  ['v0.5.12.post1', '>=0.5.12', true],
  ['0.11.0rc1+cu128', '>=0.11', true],
  ['0.9.2.dev12+g1a2b3c', '<0.9.2', false],
  ['b6123-79c1160b', '>=6000', true],
  ['0.9.1-rc.7', '<0.9.2', true],
  ['unknown', '<0.9.2', false],
  ['', '>=0', false],
  ['anything', '*', true],
])('%s in %s: %s', (version, range, expected) => {
  expect(inRange(version, range)).toBe(expected)
})

it.each(['0.9.2', '^0.9.2', '<', '>=x', ''])('refuses the range "%s"', (range) => {
  expect(() => inRange('1.0.0', range)).toThrow('a range has bounds')
})

it.each([
  ['0.9.1', ['vllm:gpu_cache_usage_perc', 'vllm:kv_cache_usage_perc']],
  ['0.9.2', ['vllm:kv_cache_usage_perc', 'vllm:gpu_cache_usage_perc']],
  [undefined, ['vllm:kv_cache_usage_perc', 'vllm:gpu_cache_usage_perc']],
])('vLLM %s calls its cache first %j', (version, names) => {
  expect(metricNames('vllm', 'kvUsage', version).map(({ name }) => name)).toEqual(names)
})
