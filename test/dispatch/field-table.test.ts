import type { ChatCompletionCreateParams } from 'openai/resources/chat/completions'
import { describe, expect, test } from 'vitest'
import {
  asks,
  fieldTable,
  firstDropped,
  firstMissing,
  imagesReadBy,
  promptFields,
  takes,
} from '../../src/dispatch/field-table.ts'
import { promptTokensBound } from '../../src/metering/count.ts'
import { ChatRequest } from '../../src/protocol/chat-request.ts'
import { RuntimeKind } from '../../src/protocol/claim.ts'

const kinds = RuntimeKind.options
const plain = { model: 'm', messages: [{ role: 'user', content: 'Hi' }] }
const requestWith = (fields: object) => ChatRequest.parse({ ...plain, ...fields })

test('every field that a host is sent, or that the gateway reads, is bounded by the schema', () => {
  const read = [...fieldTable].filter(
    ([, { effect, takenBy }]) => takenBy.length > 0 || effect === 'gateway' || effect === 'window',
  )
  expect(read.map(([name]) => name).sort()).toEqual(Object.keys(ChatRequest.shape).sort())
})

test('every field that OpenAI’s own client can send has a row', () => {
  // A field that the client gains is a type error here.
  const known: Readonly<Record<keyof ChatCompletionCreateParams, true>> = {
    ...{ messages: true, model: true, audio: true, frequency_penalty: true, function_call: true },
    ...{ functions: true, logit_bias: true, logprobs: true, max_completion_tokens: true },
    ...{ max_tokens: true, metadata: true, modalities: true, moderation: true, n: true },
    ...{ parallel_tool_calls: true, prediction: true, presence_penalty: true, stop: true },
    ...{ prompt_cache_key: true, prompt_cache_options: true, prompt_cache_retention: true },
    ...{ reasoning_effort: true, response_format: true, safety_identifier: true, seed: true },
    ...{ service_tier: true, store: true, stream: true, stream_options: true, temperature: true },
    ...{ tool_choice: true, tools: true, top_logprobs: true, top_p: true, user: true },
    ...{ verbosity: true, web_search_options: true },
  }
  expect(Object.keys(known).filter((name) => !fieldTable.has(name))).toEqual([])
})

test('what is refused, or is ours, is taken by nobody', () => {
  for (const [name, { effect, takenBy }] of fieldTable) {
    const mayLeave = effect === 'none' || effect === 'prompt' || effect === 'choices'
    if (!mayLeave) expect({ name, takenBy }).toEqual({ name, takenBy: [] })
  }
})

test('a field that stands nowhere is taken by nobody', () => {
  expect(kinds.filter((kind) => takes(kind, 'unheard_of', 1))).toEqual([])
  expect(firstDropped(requestWith({ unheard_of: 1 }), 'vllm')).toBe('unheard_of')
  // Names that every object has are fields like any other.
  expect(kinds.filter((kind) => takes(kind, 'constructor', 1))).toEqual([])
})

describe('what a template may render is in the bound of the prompt', () => {
  const text = 'x'.repeat(200)
  const values: Readonly<Record<string, unknown>> = {
    tools: [{ type: 'function', function: { name: 'f', description: text } }],
    response_format: {
      type: 'json_schema',
      json_schema: { name: 'reply', schema: { type: 'object', description: text } },
    },
    chat_template_kwargs: { enable_thinking: false },
  }
  const rendered = [...fieldTable].flatMap(([name, { effect }]) =>
    effect === 'prompt' && name !== 'messages' ? [name] : [],
  )

  test('all such fields are tried here', () => {
    expect(rendered.sort()).toEqual(Object.keys(values).sort())
  })

  test.each(rendered)('%s', (name) => {
    const bare = promptTokensBound(promptFields(requestWith({})))
    const bound = promptTokensBound(promptFields(requestWith({ [name]: values[name] })))
    expect(bound - bare).toBeGreaterThanOrEqual(JSON.stringify(values[name]).length)
  })

  test('and no other field', () => {
    const others = requestWith({ temperature: 1, metadata: { a: text }, user: text })
    expect(Object.keys(promptFields(others))).toEqual(['messages'])
  })
})

describe('a value that asks for nothing', () => {
  test.each([
    ['n', 1],
    ['top_k', -1],
    ['min_tokens', 0],
    ['logprobs', false],
    ['response_format', { type: 'text' }],
    ['store', false],
    ['service_tier', 'auto'],
    ['modalities', ['text']],
    ['echo', false],
    ['tool_choice', 'auto'],
    ['parallel_tool_calls', true],
    ['temperature', null],
    ['unheard_of', undefined],
  ])('%s: %o', (name, value) => {
    expect(asks(name, value)).toBe(false)
  })

  test.each([
    ['n', 2],
    ['store', true],
    ['modalities', ['text', 'audio']],
    ['temperature', 0],
    ['tool_choice', 'none'],
    ['parallel_tool_calls', false],
    ['unheard_of', false],
  ])('is not %s: %o', (name, value) => {
    expect(asks(name, value)).toBe(true)
  })
})

describe('a kind may take a field and not all of its values', () => {
  test.each([
    ['response_format', { type: 'json_object' }, ['lmstudio']],
    ['response_format', { type: 'json_schema', json_schema: { name: 'r' } }, []],
    ['tool_choice', 'required', ['ollama']],
  ])('%s: %o', (name, value, lacking) => {
    expect(kinds.filter((kind) => !takes(kind, name, value))).toEqual(lacking)
  })
})

describe('the first field that a host would not be given', () => {
  test('is none where all are taken, ours, or ask for nothing', () => {
    const request = requestWith({
      ...{ temperature: 1, max_tokens: 9, user: 'u', metadata: {}, provider: {}, stream: true },
      ...{ n: 1, store: false, echo: false, audio: null },
    })
    expect(kinds.map((kind) => firstDropped(request, kind))).toEqual(kinds.map(() => undefined))
  })

  test('is told by kind', () => {
    const request = requestWith({ top_k: 5, min_p: 0.1 })
    expect(firstDropped(request, 'vllm')).toBeUndefined()
    expect(firstDropped(request, 'lmstudio')).toBe('min_p')
    expect(firstDropped(request, 'ollama')).toBe('top_k')
  })

  test('may be one that no runtime has', () => {
    expect(firstDropped(requestWith({ prediction: {} }), 'vllm')).toBe('prediction')
  })
})

test('what may not be left out is told by kind', () => {
  const tools = [{ type: 'function', function: { name: 'f' } }]
  const missing = (fields: object) =>
    Object.fromEntries(kinds.map((kind) => [kind, firstMissing(requestWith(fields), kind)]))
  expect(missing({ n: 2, logprobs: true, tools })).toEqual({
    vllm: undefined,
    sglang: undefined,
    ollama: 'n',
    llamacpp: 'n',
    lmstudio: 'n',
    openai: 'n',
  })
  expect(missing({ logprobs: true, tools }).llamacpp).toBe('logprobs')
  expect(missing({ logprobs: true }).llamacpp).toBeUndefined()
  expect(missing({ tools }).llamacpp).toBeUndefined()
  // These are only left out.
  expect(missing({ top_k: 5, seed: 1, prediction: {} })).toEqual(missing({}))
})

test('every kind reads PNG and JPEG, and llama.cpp no WebP', () => {
  for (const kind of kinds) expect(imagesReadBy[kind].slice(0, 2)).toEqual(['png', 'jpeg'])
  expect(imagesReadBy.llamacpp).not.toContain('webp')
})
