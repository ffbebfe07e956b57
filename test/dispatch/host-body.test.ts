import { describe, expect, test } from 'vitest'
import {
  givesLogprobs,
  hostBody,
  logprobsSampleRate,
  samplesLogprobs,
  wantsLogprobs,
} from '../../src/dispatch/host-body.ts'
import { ChatRequest } from '../../src/protocol/chat-request.ts'
import { RuntimeKind } from '../../src/protocol/claim.ts'

const kinds = RuntimeKind.options

/** A request with every field that clients send, and one that nobody knows. */
const everything = ChatRequest.parse({
  model: 'what-the-client-said',
  messages: [{ role: 'user', content: 'Hi', name: 'x' }],
  temperature: 0.5,
  top_p: 0.9,
  stop: ['.'],
  seed: 7,
  presence_penalty: 0.1,
  frequency_penalty: 0.2,
  tools: [{ type: 'function', function: { name: 'f' } }],
  tool_choice: 'required',
  response_format: { type: 'json_object' },
  n: 2,
  logprobs: true,
  top_logprobs: 3,
  logit_bias: { 1: 2 },
  parallel_tool_calls: false,
  top_k: 40,
  min_p: 0.05,
  repetition_penalty: 1.1,
  min_tokens: 3,
  reasoning_effort: 'high',
  chat_template_kwargs: { enable_thinking: false },
  max_tokens: 9,
  max_completion_tokens: 9,
  stream: false,
  stream_options: { include_usage: false },
  user: 'someone@example.com',
  metadata: { team: 'crimson' },
  session_id: 's-1',
  prompt_cache_key: 'c-1',
  safety_identifier: 'i-1',
  store: true,
  service_tier: 'flex',
  provider: { max_price: { prompt: 1 } },
  best_of: 20,
})

const sent = (kind: RuntimeKind, request: ChatRequest = everything): Record<string, unknown> =>
  JSON.parse(hostBody(request, { kind, model: 'maker/model', maxTokens: 64 }).toString('utf8'))

const sentToAll = [
  'frequency_penalty',
  'max_tokens',
  'messages',
  'model',
  'presence_penalty',
  'response_format',
  'seed',
  'stop',
  'stream',
  'stream_options',
  'temperature',
  'tools',
  'top_p',
]

describe('a host gets the fields of its runtime kind and no other', () => {
  const servers = [
    ...['chat_template_kwargs', 'logit_bias', 'logprobs', 'min_p', 'min_tokens', 'n'],
    ...['parallel_tool_calls', 'reasoning_effort', 'repetition_penalty', 'tool_choice', 'top_k'],
    'top_logprobs',
  ]
  const llamacpp = [
    ...['chat_template_kwargs', 'logit_bias', 'logprobs', 'min_p', 'parallel_tool_calls'],
    ...['repeat_penalty', 'tool_choice', 'top_k', 'top_logprobs'],
  ]
  test.each([
    ['vllm', servers],
    ['sglang', servers],
    ['ollama', ['logprobs', 'reasoning_effort', 'top_logprobs']],
    ['llamacpp', llamacpp],
    // It refuses `json_object`, which `everything` asks for.
    ['lmstudio', ['logit_bias', 'repeat_penalty', 'tool_choice', 'top_k']],
    ['openai', ['tool_choice']],
  ] satisfies [RuntimeKind, string[]][])('%s', (kind, further) => {
    const common = sentToAll.filter((name) => kind !== 'lmstudio' || name !== 'response_format')
    expect(Object.keys(sent(kind)).sort()).toEqual([...common, ...further].sort())
  })

  test.each(kinds)('and never who asks: %s', (kind) => {
    const text = JSON.stringify(sent(kind))
    for (const secret of ['someone@example.com', 'crimson', 's-1', 'c-1', 'i-1']) {
      expect(text).not.toContain(secret)
    }
  })
})

test.each(kinds)('model and window are ours, and the answer is streamed with usage: %s', (kind) => {
  expect(sent(kind)).toMatchObject({
    model: 'maker/model',
    max_tokens: 64,
    stream: true,
    stream_options: { include_usage: true },
  })
})

test('what the client left open stays open', () => {
  const request = ChatRequest.parse({ ...everything, temperature: null, seed: undefined })
  const fields = Object.keys(sent('vllm', request))
  expect(fields).not.toContain('temperature')
  expect(fields).not.toContain('seed')
})

describe('in words that every runtime knows', () => {
  const messages = [
    { role: 'developer', content: 'Be brief.' },
    { role: 'user', content: 'Hi' },
  ]

  test.each(kinds)('a developer speaks as the system does: %s', (kind) => {
    const request = ChatRequest.parse({ ...everything, messages })
    expect(sent(kind, request).messages).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hi' },
    ])
  })

  test.each([
    ['minimal', 'low'],
    ['low', 'low'],
    ['high', 'high'],
    ['xhigh', 'high'],
    ['max', 'high'],
    ['none', 'none'],
  ])('an effort of %s is sent as %s', (asked, told) => {
    const request = ChatRequest.parse({ ...everything, reasoning_effort: asked })
    expect(sent('vllm', request).reasoning_effort).toBe(told)
  })

  test('the least of an answer is never above the window that is held', () => {
    const least = (min_tokens: number) =>
      sent('vllm', ChatRequest.parse({ ...everything, min_tokens })).min_tokens
    expect([least(3), least(64), least(65)]).toEqual([3, 64, 64])
  })

  test.each(kinds)('a tool that is chosen by name is the one that is called: %s', (kind) => {
    const tools = ['f', 'g'].map((name) => ({ type: 'function', function: { name } }))
    const tool_choice = { type: 'function', function: { name: 'g' } }
    const { tools: told, tool_choice: choice } = sent(
      kind,
      ChatRequest.parse({ ...everything, tools, tool_choice }),
    )
    if (kind === 'llamacpp' || kind === 'lmstudio') {
      expect({ told, choice }).toEqual({ told: [tools[1]], choice: 'required' })
    } else {
      expect({ told, choice }).toEqual({
        told: tools,
        choice: kind === 'ollama' ? undefined : tool_choice,
      })
    }
  })
})

test.each(kinds)('tools that may not be called are not called: %s', (kind) => {
  const { tools, tool_choice: choice } = sent(
    kind,
    ChatRequest.parse({ ...everything, tool_choice: 'none' }),
  )
  if (kind === 'ollama') expect([tools, choice]).toEqual([undefined, undefined])
  else expect([tools, choice]).toEqual([everything.tools, 'none'])
})

test.each(kinds)('several calls at once are asked for where they are no default: %s', (kind) => {
  const asking = { ...everything, parallel_tool_calls: true }
  const told = kind === 'llamacpp' ? true : undefined
  expect(sent(kind, ChatRequest.parse(asking)).parallel_tool_calls).toBe(told)
  const without = ChatRequest.parse({ ...asking, tools: [] })
  expect(sent(kind, without).parallel_tool_calls).toBeUndefined()
})

test('without tools nothing is said of choosing them, which vLLM refuses', () => {
  for (const tools of [undefined, null, []]) {
    const request = ChatRequest.parse({ ...everything, tools })
    const fields = Object.keys(sent('vllm', request))
    expect(fields).not.toContain('tool_choice')
    expect(fields).not.toContain('parallel_tool_calls')
  }
})

test('what a message holds beside what OpenAI names is left behind', () => {
  const messages = [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'Hi', cache_control: { type: 'ephemeral' } },
        {
          type: 'image_url',
          image_url: { url: 'data:image/png;base64,AAAA', detail: 'low', max_dynamic_patch: 99 },
        },
      ],
      tools: [{ type: 'function', function: { name: 'hidden' } }],
    },
  ]
  expect(sent('sglang', ChatRequest.parse({ model: 'm', messages })).messages).toEqual([
    {
      role: 'user',
      content: [
        { type: 'text', text: 'Hi' },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA', detail: 'low' } },
      ],
    },
  ])
})

test.each(kinds)('usage runs along where a runtime can: %s', (kind) => {
  const runs = kind === 'vllm' || kind === 'sglang'
  expect(sent(kind).stream_options).toEqual({
    include_usage: true,
    ...(runs ? { continuous_usage_stats: true } : {}),
  })
})

describe('log-probabilities', () => {
  const plain = ChatRequest.parse({ model: 'm', messages: [{ role: 'user', content: 'Hi' }] })
  const asking = ChatRequest.parse({ ...plain, logprobs: true, top_logprobs: 5 })
  const toKind = (kind: RuntimeKind) => ({ kind, model: 'maker/model', maxTokens: 64 })

  test('are asked for in one ordinary request of fifty', () => {
    const rolls = Array.from({ length: 1_000 }, (_, index) => index / 1_000)
    const sampled = rolls.filter((roll) => samplesLogprobs(plain, () => roll))
    expect(sampled).toHaveLength(1_000 * logprobsSampleRate)
  })

  test('leave no mark: a body is the same to the byte whether the customer asked or we did', () => {
    const sampled = hostBody(plain, { ...toKind('vllm'), samplesLogprobs: true })
    expect(sampled.equals(hostBody(asking, toKind('vllm')))).toBe(true)
    expect(wantsLogprobs(asking)).toBe(true)
    expect(wantsLogprobs(plain)).toBe(false)
  })

  test('are never asked for beside tools, which llama.cpp refuses', () => {
    const tools = [{ type: 'function', function: { name: 'f' } }]
    const withTools = ChatRequest.parse({ ...plain, tools })
    expect(samplesLogprobs(withTools, () => 0.999)).toBe(false)
  })

  test.each(kinds.filter((kind) => !givesLogprobs(kind)))('are never asked of %s', (kind) => {
    const body = hostBody(plain, { ...toKind(kind), samplesLogprobs: true }).toString('utf8')
    expect(body).not.toContain('logprobs')
  })
})
