// What of a plain completion reaches which runtime, and in whose words.
import { describe, expect, test } from 'vitest'
import { asChat, textBody, textFault } from '../../src/dispatch/text-body.ts'
import type { RuntimeKind } from '../../src/protocol/claim.ts'
import { CompletionRequest } from '../../src/protocol/completion-request.ts'

const requestOf = (body: object = {}) =>
  CompletionRequest.parse({ model: 'maker/model', prompt: 'Once', ...body })

const sentTo = (kind: RuntimeKind, body: object = {}): unknown =>
  JSON.parse(textBody(requestOf(body), { kind, model: 'm', maxTokens: 64 }).toString('utf8'))

const always = {
  prompt: 'Once',
  model: 'm',
  max_tokens: 64,
  stream: true,
  stream_options: { include_usage: true },
}

describe('a runtime is sent', () => {
  test('the prompt, the window that is held, and nothing of who asks', () => {
    const body = { user: 'a', metadata: { b: 'c' }, session_id: 's', stream: false, tools: [{}] }
    expect(sentTo('llamacpp', { ...body, max_tokens: 9_999 })).toEqual(always)
  })

  test('a list of one prompt as that prompt', () => {
    expect(sentTo('ollama', { prompt: ['Once'] })).toEqual(always)
  })

  test('fields that it knows, by the names that it knows them', () => {
    const body = { repetition_penalty: 1.1, min_p: 0.1, temperature: 0.5 }
    expect(sentTo('llamacpp', body)).toEqual({
      ...always,
      repeat_penalty: 1.1,
      min_p: 0.1,
      temperature: 0.5,
    })
    expect(sentTo('ollama', body)).toEqual({ ...always, temperature: 0.5 })
  })

  test('no more tokens at the least than at the most', () => {
    expect(sentTo('vllm', { min_tokens: 100 })).toMatchObject({ min_tokens: 64 })
  })

  test('log-probabilities in the words of its kind', () => {
    expect(sentTo('vllm', { logprobs: 0 })).toMatchObject({ logprobs: 0 })
    expect(sentTo('llamacpp', { logprobs: 0 })).toMatchObject({ logprobs: 0, n_probs: 1 })
  })
})

test('as a chat it is one message, with the same sampling, wishes and needs', () => {
  const body = { n: 2, seed: 1, logprobs: 3, provider: { sort: 'price' }, echo: true, best_of: 2 }
  expect(asChat(requestOf(body))).toMatchObject({
    messages: [{ role: 'user', content: 'Once' }],
    n: 2,
    seed: 1,
    logprobs: true,
    top_logprobs: 3,
    provider: { sort: 'price' },
  })
  expect(asChat(requestOf(body))).not.toHaveProperty('echo')
  expect(asChat(requestOf())).not.toHaveProperty('logprobs')
})

describe('is refused', () => {
  test.each([
    [{ best_of: 2 }, 'best_of'],
    [{ n: 2, best_of: 1 }, 'best_of'],
    [{ suffix: 'x' }, 'suffix'],
    [{ echo: true, logprobs: 0 }, 'echo'],
    [{ ignore_eos: true }, 'ignore_eos'],
    [{ functions: [{}] }, 'functions'],
  ])('%j', (body, param) => {
    expect(textFault(requestOf(body))).toMatchObject({ param })
  })

  test.each([
    {},
    { best_of: 1 },
    { n: 3, best_of: 3 },
    { suffix: '' },
    { echo: true },
    { ignore_eos: false },
    { odd: 1 },
  ])('not %j', (body) => {
    expect(textFault(requestOf(body))).toBeUndefined()
  })
})
