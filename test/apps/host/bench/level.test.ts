import { describe, expect, it } from 'vitest'
import { levelOf } from '../../../../apps/host/bench/level.ts'
import type { Sample } from '../../../../apps/host/bench/sample.ts'

const sample = (firstContentMs: number, totalMs: number, tokens: number): Sample => ({
  ok: true,
  firstContentMs,
  totalMs,
  tokens,
})
const failure: Sample = { ok: false, reason: 'no answer' }

describe('a level', () => {
  it('is told by quantiles of its replies and by all of them together', () => {
    const samples = [
      sample(100, 1_100, 101),
      sample(200, 2_200, 101),
      sample(300, 1_300, 51),
      failure,
    ]
    expect(levelOf(samples, { concurrency: 2, wallMs: 2_500 })).toEqual({
      concurrency: 2,
      requests: 4,
      failed: 1,
      first_content_ms_p50: 200,
      first_content_ms_p95: 300,
      tokens_per_second_p50: 50,
      tokens_per_second_p5: 50,
      throughput_tokens_per_second: 101.2,
    })
  })

  it.each<[string, Sample[]]>([
    ['nothing', []],
    ['failures', [failure, failure]],
  ])('of %s has no quantiles', (_, samples) => {
    expect(levelOf(samples, { concurrency: 1, wallMs: 0 })).toMatchObject({
      failed: samples.length,
      first_content_ms_p50: null,
      tokens_per_second_p5: null,
      throughput_tokens_per_second: 0,
    })
  })

  it('takes no speed from a reply whose tokens came at once', () => {
    const level = levelOf([sample(100, 100, 50)], { concurrency: 1, wallMs: 100 })
    expect(level).toMatchObject({ tokens_per_second_p50: null, first_content_ms_p50: 100 })
  })
})
