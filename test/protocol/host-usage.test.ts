import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HostChunk } from '../../src/protocol/chat-chunk.ts'
import { moreUsage, toTokenCounts, usageOf } from '../../src/protocol/host-usage.ts'

const read = (usage: unknown, rest: object = {}) => HostChunk.parse({ usage, ...rest }).usage

describe('reported usage', () => {
  test.each([
    ['by OpenAI', { prompt_tokens: 9, completion_tokens: 3 }, usageOf(9, 3, 0)],
    [
      'with a cached part',
      { prompt_tokens: 9, completion_tokens: 3, prompt_tokens_details: { cached_tokens: 4 } },
      usageOf(9, 3, 4),
    ],
    [
      'with details of null',
      { prompt_tokens: 9, completion_tokens: 3, prompt_tokens_details: null },
      usageOf(9, 3, 0),
    ],
    [
      'cached, beside the counts',
      { prompt_tokens: 9, completion_tokens: 3, cached_tokens: 4 },
      usageOf(9, 3, 4),
    ],
    [
      'by DeepSeek',
      { prompt_tokens: 9, completion_tokens: 3, prompt_cache_hit_tokens: 4 },
      usageOf(9, 3, 4),
    ],
    [
      'by Anthropic',
      { input_tokens: 9, output_tokens: 3, cache_read_input_tokens: 4 },
      usageOf(9, 3, 4),
    ],
    ['for embeddings', { prompt_tokens: 9, total_tokens: 9 }, usageOf(9, 0, 0)],
    ['of nothing', {}, null],
    ['as null', null, null],
    ['as null counts', { prompt_tokens: null, completion_tokens: null }, null],
    ['as a text', 'none', null],
    ['in fractions', { prompt_tokens: 0.5, completion_tokens: 3 }, usageOf(0, 3, 0)],
    ['below nothing', { prompt_tokens: 9, completion_tokens: -1 }, usageOf(9, 0, 0)],
    ['beyond all bounds', { prompt_tokens: 9, completion_tokens: 1e15 }, usageOf(9, 0, 0)],
  ])('%s', (_, reported, usage) => {
    expect(read(reported)).toEqual(usage)
  })

  test('has its cached part among the timings of llama.cpp', () => {
    const reported = { prompt_tokens: 9, completion_tokens: 3 }
    expect(read(reported, { timings: { cache_n: 4 } })).toEqual(usageOf(9, 3, 4))
    expect(read(reported, { timings: { cache_n: 'x' } })).toEqual(usageOf(9, 3, 0))
    expect(read(null, { timings: { cache_n: 4 } })).toBeNull()
  })

  test('never costs the text beside it', () => {
    const choices = [{ delta: { content: 'a' } }]
    expect(HostChunk.parse({ choices, usage: [1], timings: 'x' }).choices).toHaveLength(1)
  })
})

const usages = fc.option(fc.tuple(fc.nat(), fc.nat(), fc.nat()).map((counts) => usageOf(...counts)))

describe('usage over several frames', () => {
  test('has each count at its highest, in whatever order they came', () => {
    fc.assert(
      fc.property(fc.array(usages), (frames) => {
        const total = frames.reduce(moreUsage, null)
        const told = frames.filter((usage) => usage !== null)
        const highest = (of: (usage: (typeof told)[number]) => number) => Math.max(...told.map(of))
        const expected =
          told.length === 0
            ? null
            : usageOf(
                highest((usage) => usage.prompt_tokens),
                highest((usage) => usage.completion_tokens),
                highest((usage) => usage.prompt_tokens_details.cached_tokens),
              )
        expect(total).toEqual(expected)
        expect(frames.toReversed().reduce(moreUsage, null)).toEqual(expected)
      }),
    )
  })
})

test('usage is counted with at most the whole prompt from a cache', () => {
  expect(toTokenCounts(usageOf(5, 2, 3))).toEqual({ prompt: 5, cached_prompt: 3, completion: 2 })
  expect(toTokenCounts(usageOf(5, 2, 9))).toEqual({ prompt: 5, cached_prompt: 5, completion: 2 })
})
