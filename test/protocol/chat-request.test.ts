import { describe, expect, test } from 'vitest'
import { ChatRequest } from '../../src/protocol/chat-request.ts'
import { limits } from '../../src/protocol/limits.ts'

const user = { role: 'user', content: 'Hi' }
const request = (change: object = {}) =>
  ChatRequest.safeParse({ model: 'maker/model', messages: [user], ...change })
const functionTool = (described: object) => ({ type: 'function', function: described })
const withContent = (content: unknown) => request({ messages: [{ role: 'user', content }] })

describe('a request is taken', () => {
  test.each([
    ['as short as it gets', {}],
    ['with fields that nobody knows', { unheard_of: { a: 1 } }],
    ['with null for what is left open', { max_tokens: null, stop: null, n: null, provider: null }],
    ['with stop sequences', { stop: ['a', 'b'] }],
    ['with a stop text', { stop: '\n' }],
    ['with a hosted tool, for the table to refuse', { tools: [{ type: 'web_search' }] }],
    ['with audio, for the table to refuse', { audio: { voice: 'x' }, modalities: ['audio'] }],
    ['at the bounds', { n: limits.choices, temperature: 2, top_p: 1, max_tokens: 1 }],
    ['with a maximum price', { provider: { max_price: { prompt: 0.5 }, sort: 'price' } }],
    ['of a tool’s reply', { messages: [user, { role: 'tool', content: '{}', tool_call_id: 'x' }] }],
    [
      'of a call without content',
      { messages: [user, { role: 'assistant', content: null, tool_calls: [] }] },
    ],
  ])('%s', (_, change) => {
    expect(request(change).success).toBe(true)
  })

  test('with every field at its bounds', () => {
    const tool = { type: 'function', function: { name: 'a'.repeat(64), parameters: {} } }
    const atBounds = [
      { top_k: -1, min_p: 0, presence_penalty: -2, frequency_penalty: 2, repetition_penalty: 2 },
      { logit_bias: { 0: -100, 9999999: 100 }, seed: Number.MIN_SAFE_INTEGER, min_tokens: 0 },
      { top_logprobs: 20, logprobs: true, reasoning_effort: 'xhigh', parallel_tool_calls: true },
      { tools: Array(limits.toolsPerRequest).fill(tool), tool_choice: 'required' },
      { tools: [tool], tool_choice: { type: 'function', function: { name: 'a'.repeat(64) } } },
      { response_format: { type: 'json_schema', json_schema: { name: 'r', schema: {} } } },
      { chat_template_kwargs: { enable_thinking: true, thinking: false } },
      { metadata: Object.fromEntries(Array.from({ length: 16 }, (_, at) => [at, 'x'])) },
      { top_k: 1_000_000, min_p: 1, top_p: 0.001, stop: Array(16).fill('x'.repeat(256)) },
    ]
    for (const change of atBounds) expect(request(change).error).toBeUndefined()
  })

  test('with unknown fields kept, for the allowlist to judge', () => {
    expect(request({ unheard_of: 1 }).data).toMatchObject({ unheard_of: 1 })
  })
})

describe('a request is refused', () => {
  test.each([
    ['without messages', { messages: [] }],
    ['with too many messages', { messages: Array(limits.messages + 1).fill(user) }],
    ['of an unknown role', { messages: [{ role: 'robot', content: 'x' }] }],
    ['for no model', { model: '' }],
    ['for a model of a strange name', { model: 'x'.repeat(129) }],
    ['for no choice', { n: 0 }],
    ['for too many choices', { n: limits.choices + 1 }],
    ['for no tokens', { max_tokens: 0 }],
    ['for half a token', { max_completion_tokens: 1.5 }],
    ['too hot', { temperature: 2.1 }],
    ['with a stop that is no text', { stop: [1] }],
    ['with an empty stop', { stop: [''] }],
    ['with too many stops', { stop: Array(17).fill('x') }],
    ['with no probability at all', { top_p: 0 }],
    ['with a token of no id', { logit_bias: { hello: 1 } }],
    ['with a bias beyond sense', { logit_bias: { 1: 101 } }],
    ['with too many penalties', { presence_penalty: 2.1 }],
    ['with a repetition of nothing', { repetition_penalty: 0 }],
    ['with half a seed', { seed: 0.5 }],
    ['with a seed that JSON does not carry', { seed: 2 ** 60 }],
    ['with too many rivals', { top_logprobs: 21 }],
    ['with an effort of its own', { reasoning_effort: 'heroic' }],
    ['with a template’s own word', { chat_template_kwargs: { system: 'x' } }],
    ['with an answer in XML', { response_format: { type: 'xml' } }],
    ['with a schema of no name', { response_format: { type: 'json_schema', json_schema: {} } }],
    ['with a function of no name', { tools: [{ type: 'function', function: {} }] }],
    ['with a function of a strange name', { tools: [functionTool({ name: 'a b' })] }],
    ['with a tool that is no function', { tools: [{ type: 'function' }] }],
    ['with too many tools', { tools: Array(129).fill(functionTool({ name: 'f' })) }],
    ['with a choice of its own', { tool_choice: 'perhaps' }],
    ['with metadata without end', { metadata: { a: 'x'.repeat(513) } }],
    ['with a user without end', { user: 'x'.repeat(513) }],
    ['with a negative price', { provider: { max_price: { prompt: -1 } } }],
    ['with a price without end', { provider: { max_price: { prompt: Number.POSITIVE_INFINITY } } }],
  ])('%s', (_, change) => {
    expect(request(change).success).toBe(false)
  })
})

test.each([
  [1_024, true],
  [1_025, false],
])('of %i biased tokens: %o', (count, expected) => {
  const logit_bias = Object.fromEntries(Array.from({ length: count }, (_, id) => [id, 1]))
  expect(request({ logit_bias }).success).toBe(expected)
})

test('a schema nested without end is refused where it stands', () => {
  const deep = `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`
  const schema: unknown = JSON.parse(deep)
  const json_schema = { name: 'reply', schema }
  const inAnswer = request({ response_format: { type: 'json_schema', json_schema } })
  const inTool = request({ tools: [functionTool({ name: 'f', parameters: schema })] })
  for (const { error } of [inAnswer, inTool]) {
    expect(JSON.stringify(error?.issues)).toContain('at most 20000 values in 64 levels')
  }
})

describe('a message', () => {
  const message = (fields: object) => request({ messages: [{ role: 'assistant', ...fields }] })
  const call = { id: 'c1', type: 'function', function: { name: 'f', arguments: '{}' } }

  test('keeps what OpenAI names, and nothing else', () => {
    const known = { content: null, name: 'x', tool_calls: [call], reasoning_content: 'so' }
    const parsed = message({ ...known, audio: { id: 'a' }, tools: [{}], prefix: true })
    expect(parsed.data?.messages).toEqual([{ role: 'assistant', ...known }])
  })

  test.each([
    ['a call without a name', { tool_calls: [{ function: { arguments: '{}' } }] }],
    ['arguments that are no text', { tool_calls: [{ function: { name: 'f', arguments: {} } }] }],
    ['too many calls', { tool_calls: Array(129).fill(call) }],
    ['a name without end', { name: 'x'.repeat(257) }],
  ])('is refused with %s', (_, fields) => {
    expect(message(fields).success).toBe(false)
  })
})

describe('an image', () => {
  const image = (url: string) => withContent([{ type: 'image_url', image_url: { url } }])

  test('comes along as data', () => {
    expect(image('data:image/png;base64,AAAA').success).toBe(true)
  })

  test.each(['https://example.com/a.png', 'http://169.254.169.254/', 'file:///etc/passwd', '//x'])(
    'is never fetched: %s',
    (url) => {
      const [issue] = image(url).error?.issues ?? []
      expect(JSON.stringify(issue)).toContain('images must be data URIs: no host fetches a URL')
    },
  )

  test('of an unknown kind is refused', () => {
    expect(withContent([{ type: 'video_url', video_url: {} }]).success).toBe(false)
    expect(withContent(Array(257).fill({ type: 'text', text: 'x' })).success).toBe(false)
  })
})
