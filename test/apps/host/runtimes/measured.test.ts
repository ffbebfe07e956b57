import { describe, expect, it } from 'vitest'
import { measure } from '../../../../apps/host/runtimes/measured.ts'
import { samplesOf } from '../../../../apps/host/runtimes/prometheus.ts'

const vllm = { kind: 'vllm', version: '0.11.0' } as const

describe('a sample of Prometheus', () => {
  it.each<[string, object[]]>([
    ['m 3', [{ labels: {}, value: 3 }]],
    ['m{} 3', [{ labels: {}, value: 3 }]],
    ['m{a="1",b="x y"} 3.5e+06 1712345678', [{ labels: { a: '1', b: 'x y' }, value: 3_500_000 }]],
    ['m{path="C:\\\\x",brace="}{"} 1', [{ labels: { path: 'C:\\\\x', brace: '}{' }, value: 1 }]],
    ['m NaN', []],
    ['m +Inf', []],
    ['m', []],
    ['m{a="1"}', []],
    ['# TYPE m gauge', []],
    ['mm 3', []],
    ['m_total{a="1"} 3', []],
  ])('%s', (line, expected) => {
    expect(samplesOf([line], 'm')).toEqual(expected)
  })
})

describe('a page of metrics', () => {
  it('that is none tells nothing', () => {
    for (const page of [undefined, '', '<html>', 'vllm:num_requests_running x']) {
      expect(measure(page, vllm)).toEqual({
        running: undefined,
        waiting: undefined,
        waitingForCapacity: undefined,
        kvUsage: undefined,
        progress: undefined,
        awake: undefined,
      })
    }
  })

  it('sums requests, takes the fullest cache, and tells whether any engine is awake', () => {
    const page = [
      'vllm:num_requests_running{engine="0"} 1.0',
      'vllm:num_requests_running{engine="1"} 2.0',
      'vllm:kv_cache_usage_perc{engine="0"} 0.2',
      'vllm:kv_cache_usage_perc{engine="1"} 0.7',
      'vllm:engine_sleep_state{engine="0",sleep_state="awake"} 0.0',
      'vllm:engine_sleep_state{engine="1",sleep_state="awake"} 1.0',
      'vllm:engine_sleep_state{engine="0",sleep_state="discard_all"} 1.0',
    ].join('\n')
    expect(measure(page, vllm)).toMatchObject({ running: 3, kvUsage: 0.7, awake: true })
  })

  it.each([
    ['-3', 0, 0],
    ['1.4', 1, 1],
  ])('keeps numbers within their bounds: %s', (value, running, kvUsage) => {
    const page = `vllm:num_requests_running ${value}\nvllm:kv_cache_usage_perc ${value}\n`
    expect(measure(page, vllm)).toMatchObject({ running, kvUsage })
  })

  it('of a version that calls a measure otherwise than expected is read all the same', () => {
    const page = 'vllm:gpu_cache_usage_perc 0.5\n'
    expect(measure(page, vllm).kvUsage).toBe(0.5)
  })
})
