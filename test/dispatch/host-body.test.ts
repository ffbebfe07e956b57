import { describe, expect, test } from 'vitest'
import {
  givesLogprobs,
  hostBody,
  logprobsSampleRate,
  samplesLogprobs,
  servesChoices,
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
  tool_choice: 'auto',
  response_format: { type: 'json_object' },
  n: 2,
  logprobs: true,
  top_logprobs: 3,
  logit_bias: { 1: 2 },
  parallel_tool_calls: false,
  top_k: 40,
  min_p: 0.05,
  max_tokens: 9,
  max_completion_tokens: 9,
  stream: false,
  stream_options: { include_usage: false },
  user: 'someone@example.com',
  metadata: { team: 'red' },
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
  'tool_choice',
  'tools',
  'top_p',
]

describe('a host gets the fields of its runtime kind and no other', () => {
  test.each([
    [
      'vllm',
      ['logit_bias', 'logprobs', 'min_p', 'n', 'parallel_tool_calls', 'top_k', 'top_logprobs'],
    ],
    ['sglang', ['logit_bias', 'logprobs', 'min_p', 'n', 'top_k', 'top_logprobs']],
    ['ollama', ['logprobs', 'top_logprobs']],
    ['llamacpp', ['logit_bias', 'logprobs', 'min_p', 'top_k', 'top_logprobs']],
    ['lmstudio', ['logit_bias', 'top_k']],
    ['openai', []],
  ] satisfies [RuntimeKind, string[]][])('%s', (kind, further) => {
    expect(Object.keys(sent(kind)).sort()).toEqual([...sentToAll, ...further].sort())
  })

  test.each(kinds)('and never who asks: %s', (kind) => {
    const text = JSON.stringify(sent(kind))
    for (const secret of ['someone@example.com', 'red', 's-1', 'c-1', 'i-1']) {
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

test('several choices go where the runtime serves them', () => {
  expect(kinds.filter((kind) => servesChoices(kind, 2))).toEqual(['vllm', 'sglang'])
  expect(kinds.filter((kind) => servesChoices(kind, 1))).toEqual(kinds)
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
    const withTools = ChatRequest.parse({ ...plain, tools: [{ type: 'function' }] })
    expect(samplesLogprobs(withTools, () => 0.999)).toBe(false)
  })

  test.each(kinds.filter((kind) => !givesLogprobs(kind)))('are never asked of %s', (kind) => {
    const body = hostBody(plain, { ...toKind(kind), samplesLogprobs: true }).toString('utf8')
    expect(body).not.toContain('logprobs')
  })
})
