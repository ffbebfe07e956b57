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

const deltaOf = (choice: object) => HostChunk.parse({ choices: [choice] }).choices[0]?.delta

describe('log-probabilities', () => {
  const shown = (logprobs: unknown) =>
    HostChunk.parse({ choices: [{ delta: { content: 'a' }, logprobs }] }).choices[0]
  const nested = (depth: number) => JSON.parse('['.repeat(depth) + ']'.repeat(depth))

  test('are kept as they came', () => {
    const top = { token: 'a', logprob: -0.1, bytes: [97] }
    const logprobs = { content: [{ ...top, top_logprobs: [top] }], refusal: null }
    expect(shown(logprobs)?.logprobs).toEqual(logprobs)
    expect(shown(null)?.logprobs).toBeNull()
  })

  test('that nest deeper than any, or have too many values, are left out, and the text is not', () => {
    expect(shown(nested(8))?.logprobs).toEqual(nested(8))
    for (const hostile of [nested(9), nested(100_000), Array(1_000_000).fill(0)]) {
      expect(shown(hostile)).toMatchObject({ delta: { content: 'a' }, logprobs: undefined })
    }
  })
})

describe('a chunk of a host', () => {
  test('may leave out what runtimes leave out', () => {
    expect(HostChunk.parse({})).toEqual({ choices: [], usage: null })
    expect(HostChunk.parse({ choices: null, usage: null })).toEqual({ choices: [], usage: null })
    expect(HostChunk.parse({ choices: [{ delta: null, index: null }] }).choices).toEqual([
      { index: 0, delta: null },
    ])
  })

  test.each([
    ['reasoning by its newer name', { reasoning: 'a', content: 'b' }, 'ab'],
    ['reasoning by both names', { reasoning: 'a', reasoning_content: 'a' }, 'a'],
    ['reasoning that is no text', { reasoning: { steps: [] }, content: 'b' }, 'b'],
    ['a role that is no role', { role: 7, content: 'b' }, 'b'],
  ])('has the text of %s', (_, delta, text) => {
    expect(textOf(deltaOf({ delta }))).toBe(text)
  })

  test.each([
    ['a message', { message: { content: 'a' } }],
    ['a text', { text: 'a' }],
    ['a message beside an empty delta', { delta: null, message: { content: 'a' } }],
    ['a delta beside a message', { delta: { content: 'a' }, message: { content: 'whole' } }],
  ])('has the text of %s', (_, choice) => {
    expect(textOf(deltaOf(choice))).toBe('a')
  })

  test.each([
    ['an object', { b: 1, a: [true, null] }, '{"b":1,"a":[true,null]}'],
    ['an array', [1], '[1]'],
    ['text', '{"b" : 1}', '{"b" : 1}'],
    ['nothing', null, ''],
  ])('may have arguments that are %s', (_, given, text) => {
    const tool_calls = [{ function: { name: 'f', arguments: given } }]
    expect(textOf(deltaOf({ delta: { tool_calls } }))).toBe(`f${text}`)
  })

  test('tells calls apart by an index or an id that can be one', () => {
    const tool_calls = [{ index: 2, id: 'a' }, { index: -1, id: 7 }, { index: null }, {}]
    const none = { index: undefined, id: undefined, function: {} }
    expect(deltaOf({ delta: { tool_calls } })?.tool_calls).toEqual([
      { index: 2, id: 'a', function: {} },
      none,
      none,
      none,
    ])
  })

  test.each([
    ['too many choices', { choices: Array(17).fill({}) }],
    ['a choice beyond all bounds', { choices: [{ index: 16 }] }],
    ['a finish reason without end', { choices: [{ finish_reason: 'x'.repeat(33) }] }],
    ['content that is no text', { choices: [{ delta: { content: ['a'] } }] }],
    ['a message that is no message', { choices: [{ message: 'a' }] }],
  ])('is none with %s', (_, chunk) => {
    expect(HostChunk.safeParse(chunk).success).toBe(false)
  })
})
