// A chunk that is read by hand is what its schema makes of it, whatever a host writes.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HostChunk } from '../../src/protocol/chat-chunk.ts'
import { readFrame } from '../../src/protocol/host-frames.ts'
import { plainChunk } from '../../src/protocol/plain-chunk.ts'

const text = fc.constantFrom('', 'a', '世\ud83d', 'x'.repeat(33))
const odd = fc.constantFrom(null, 0, -1, 1.5, 16, true, [], {}, ['a'], 'stop')
const mostly = <T>(usual: fc.Arbitrary<T>) =>
  fc.option(fc.oneof({ weight: 6, arbitrary: usual }, { weight: 1, arbitrary: odd }), {
    nil: undefined,
  })

const delta = fc.record(
  {
    role: mostly(text),
    content: mostly(text),
    reasoning_content: mostly(text),
    reasoning: mostly(text),
    refusal: mostly(text),
    tool_calls: fc.option(odd, { nil: undefined, freq: 5 }),
  },
  { requiredKeys: [] },
)
const count = fc.nat(9)
const choice = fc.record(
  {
    index: mostly(fc.nat(15)),
    delta: mostly(delta),
    message: fc.option(mostly(delta), { nil: undefined, freq: 5 }),
    text: fc.option(mostly(text), { nil: undefined, freq: 5 }),
    finish_reason: mostly(fc.constantFrom('stop', '', 'length')),
    logprobs: mostly(fc.constantFrom({ content: [] }, JSON.parse('['.repeat(9) + ']'.repeat(9)))),
  },
  { requiredKeys: [] },
)
const chunk = fc.record(
  {
    id: text,
    choices: mostly(fc.array(mostly(choice), { maxLength: 3 })),
    usage: mostly(fc.record({ prompt_tokens: mostly(count), completion_tokens: mostly(count) })),
    timings: mostly(fc.record({ cache_n: mostly(count) })),
  },
  { requiredKeys: [] },
)

test('by hand and by schema, a chunk is the same', () => {
  let byHand = 0
  fc.assert(
    fc.property(chunk, (made) => {
      const json = JSON.parse(JSON.stringify(made))
      const read = plainChunk(json)
      if (read === undefined) return
      byHand += 1
      expect(read).toEqual(HostChunk.parse(json))
    }),
    { numRuns: 2_000 },
  )
  expect(byHand).toBeGreaterThan(200)
})

describe('by hand are read', () => {
  test.each([
    ['a text', { index: 0, delta: { content: 'a' }, logprobs: null, finish_reason: null }],
    ['a role', { index: 0, delta: { role: 'assistant', content: '' } }],
    ['a thought', { index: 0, delta: { reasoning: 'a' } }],
    ['an end', { index: 0, delta: {}, finish_reason: 'stop' }],
    ['a plain completion', { index: 0, text: 'a' }],
  ])('%s', (_, one) => {
    expect(plainChunk({ choices: [one] })).toEqual(HostChunk.parse({ choices: [one] }))
  })
})

test.each([
  ['too many choices', { choices: Array(17).fill({ delta: {} }) }],
  ['a tool call', { choices: [{ delta: { tool_calls: [{ function: {} }] } }] }],
  ['a whole message', { choices: [{ message: { content: 'a' } }] }],
  ['content that is no text', { choices: [{ delta: { content: 1 } }] }],
  ['no choices', {}],
])('the schema judges %s', (_, json) => {
  expect(plainChunk(json)).toBeUndefined()
})

test('usage beside a text is read as everywhere', () => {
  const usage = { prompt_tokens: 3, completion_tokens: null, prompt_cache_hit_tokens: 2 }
  const json = { choices: [{ delta: { content: 'a' } }], usage, timings: { cache_n: 9 } }
  expect(readFrame(JSON.stringify(json))).toMatchObject({ chunk: HostChunk.parse(json) })
})
