import { describe, expect, test } from 'vitest'
import { chunkText, HostChunk, textOf } from '../../src/protocol/chat-chunk.ts'

describe('the text of a delta', () => {
  test('is reasoning, content, refusal, then names and arguments of tool calls', () => {
    const call = (name: string | null, text: string | null) => ({
      function: { name, arguments: text },
    })
    expect(
      textOf({
        tool_calls: [call('f', '{'), call(null, '}'), { id: 'call_1' }],
        refusal: 'c',
        content: 'b',
        reasoning_content: 'a',
      }),
    ).toBe('abcf{}')
  })

  test.each([undefined, null, {}, { role: 'assistant' }, { content: null, tool_calls: null }])(
    'is nothing in %j',
    (delta) => {
      expect(textOf(delta)).toBe('')
    },
  )
})

test('the text of a chunk is that of its choices as they stand', () => {
  const choices = [
    { index: 1, delta: { content: 'b' } },
    { index: 0, delta: { content: 'a' } },
    { index: 2 },
  ]
  expect(chunkText(HostChunk.parse({ choices }))).toBe('ba')
})

describe('a chunk of a host', () => {
  test('may leave out what runtimes leave out', () => {
    expect(HostChunk.parse({})).toEqual({ choices: [] })
    expect(
      HostChunk.parse({ choices: [{ delta: null, finish_reason: null }], usage: null }),
    ).toEqual({ choices: [{ index: 0, delta: null, finish_reason: null }], usage: null })
  })

  test.each([
    ['too many choices', { choices: Array(17).fill({}) }],
    ['a choice beyond all bounds', { choices: [{ index: 16 }] }],
    ['a finish reason without end', { choices: [{ finish_reason: 'x'.repeat(33) }] }],
    ['content that is no text', { choices: [{ delta: { content: ['a'] } }] }],
    ['usage in fractions', { usage: { prompt_tokens: 0.5, completion_tokens: 0 } }],
    ['usage below nothing', { usage: { prompt_tokens: 0, completion_tokens: -1 } }],
  ])('is none with %s', (_, chunk) => {
    expect(HostChunk.safeParse(chunk).success).toBe(false)
  })
})
