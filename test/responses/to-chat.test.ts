import { describe, expect, test } from 'vitest'
import { ChatRequest } from '../../src/protocol/chat-request.ts'
import { ResponsesRequest } from '../../src/protocol/responses-request.ts'
import { inResponsesWords, toChatRequest } from '../../src/responses/to-chat.ts'

/** What chat is asked, less what is not. */
function inChat(body: object): Record<string, unknown> {
  const request = ResponsesRequest.parse({ model: 'm', input: 'Hi.', ...body })
  const chat = toChatRequest(request)
  if (!chat.ok) throw new Error(JSON.stringify(chat.error))
  const { model, ...asked } = ChatRequest.parse(chat.value)
  expect(model).toBe('m')
  return Object.fromEntries(Object.entries(asked).filter(([, value]) => value != null))
}
const messagesOf = (input: string | readonly object[], instructions?: string) =>
  inChat({ input, instructions }).messages

const user = (content: unknown) => ({ role: 'user', content })
const image = 'data:image/png;base64,AAAA'

describe('input', () => {
  test('of one text is a message of the user', () => {
    expect(messagesOf('Hi.')).toEqual([user('Hi.')])
  })

  test('of messages keeps who speaks, with or without a type', () => {
    const input = [
      { role: 'developer', content: 'Rhyme.' },
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hi.' }] },
      { role: 'assistant', content: 'Bye.' },
      user('Why?'),
    ]
    expect(messagesOf(input)).toEqual([
      { role: 'developer', content: 'Rhyme.' },
      user('Hi.'),
      { role: 'assistant', content: 'Bye.' },
      user('Why?'),
    ])
  })

  test('has its texts as one, and as parts where there is an image', () => {
    const texts = [
      { type: 'input_text', text: 'What' },
      { type: 'input_text', text: 'is it?' },
    ]
    expect(messagesOf([user(texts)])).toEqual([user('What\nis it?')])
    const images = [
      { type: 'input_image', image_url: image },
      { type: 'input_image', image_url: image, detail: 'original' },
    ]
    expect(messagesOf([user([...texts, ...images])])).toEqual([
      user([
        { type: 'text', text: 'What' },
        { type: 'text', text: 'is it?' },
        { type: 'image_url', image_url: { url: image } },
        { type: 'image_url', image_url: { url: image, detail: 'high' } },
      ]),
    ])
  })

  test('of all that a model said in its turn is one message', () => {
    const input = [
      user('Weather?'),
      {
        type: 'reasoning',
        id: 'rs_1',
        summary: [{ type: 'summary_text', text: 'not this' }],
        content: [{ type: 'reasoning_text', text: 'Look it up.' }],
        encrypted_content: 'nor this',
      },
      {
        type: 'message',
        id: 'msg_1',
        status: 'completed',
        role: 'assistant',
        content: [{ type: 'output_text', text: 'A moment.', annotations: [], logprobs: [] }],
      },
      { type: 'function_call', id: 'fc_1', call_id: 'a', name: 'weather', arguments: '{"at":1}' },
      { type: 'function_call', id: 'fc_2', call_id: 'b', name: 'weather', arguments: '{"at":2}' },
      { type: 'function_call_output', call_id: 'a', output: 'rain' },
      {
        type: 'function_call_output',
        call_id: 'b',
        output: [{ type: 'input_text', text: 'sun' }],
      },
      user('Thanks.'),
    ]
    const call = (id: string, text: string) => ({
      id,
      type: 'function',
      function: { name: 'weather', arguments: text },
    })
    expect(messagesOf(input)).toEqual([
      user('Weather?'),
      {
        role: 'assistant',
        content: 'A moment.',
        reasoning_content: 'Look it up.',
        tool_calls: [call('a', '{"at":1}'), call('b', '{"at":2}')],
      },
      { role: 'tool', tool_call_id: 'a', content: 'rain' },
      { role: 'tool', tool_call_id: 'b', content: 'sun' },
      user('Thanks.'),
    ])
  })

  test('keeps a refusal apart from a text, and drops thoughts that led to nothing', () => {
    const refusal = { role: 'assistant', content: [{ type: 'refusal', refusal: 'No.' }] }
    const thought = { type: 'reasoning', content: [{ type: 'reasoning_text', text: 'Hm.' }] }
    expect(messagesOf([user('Do it.'), refusal, user('Please.'), thought])).toEqual([
      user('Do it.'),
      { role: 'assistant', content: null, refusal: 'No.' },
      user('Please.'),
    ])
  })
})

describe('instructions', () => {
  test('come first, as a system message', () => {
    expect(messagesOf('Hi.', 'Rhyme.')).toEqual([
      { role: 'system', content: 'Rhyme.' },
      user('Hi.'),
    ])
  })

  test('and a developer message after them are one: templates know one system message', () => {
    const input = [{ role: 'developer', content: 'Be brief.' }, user('Hi.')]
    expect(messagesOf(input, 'Rhyme.')).toEqual([
      { role: 'system', content: 'Rhyme.\n\nBe brief.' },
      user('Hi.'),
    ])
  })
})

const schema = { type: 'object', properties: { city: { type: 'string' } } }
const weather = { type: 'function', name: 'weather', parameters: schema, strict: true }
const news = { type: 'function', name: 'news', description: 'of the day' }
const chatWeather = {
  type: 'function',
  function: { name: 'weather', parameters: schema, strict: true },
}
const chatNews = { type: 'function', function: { name: 'news', description: 'of the day' } }

describe.each<[string, object, object]>([
  ['max_output_tokens', { max_output_tokens: 64 }, { max_tokens: 64 }],
  ['sampling', { temperature: 0.5, top_p: 0.9 }, { temperature: 0.5, top_p: 0.9 }],
  [
    'penalties',
    { presence_penalty: 1, frequency_penalty: -1 },
    { presence_penalty: 1, frequency_penalty: -1 },
  ],
  [
    'reasoning.effort',
    { reasoning: { effort: 'low', summary: 'auto' } },
    { reasoning_effort: 'low' },
  ],
  [
    'text.format: a schema',
    { text: { format: { type: 'json_schema', name: 'city', schema, strict: true } } },
    {
      response_format: { type: 'json_schema', json_schema: { name: 'city', schema, strict: true } },
    },
  ],
  [
    'text.format: JSON',
    { text: { format: { type: 'json_object' }, verbosity: 'low' } },
    { response_format: { type: 'json_object' }, verbosity: 'low' },
  ],
  [
    'tools',
    { tools: [weather, news], parallel_tool_calls: false },
    { tools: [chatWeather, chatNews], parallel_tool_calls: false },
  ],
  [
    'tool_choice: one function',
    { tools: [weather], tool_choice: { type: 'function', name: 'weather' } },
    { tools: [chatWeather], tool_choice: { type: 'function', function: { name: 'weather' } } },
  ],
  [
    'tool_choice: allowed tools, and no others are shown',
    {
      tools: [weather, news],
      tool_choice: {
        type: 'allowed_tools',
        mode: 'required',
        tools: [{ type: 'function', name: 'news' }],
      },
    },
    { tools: [chatNews], tool_choice: 'required' },
  ],
  [
    'logprobs',
    { include: ['message.output_text.logprobs'], top_logprobs: 3 },
    { logprobs: true, top_logprobs: 3 },
  ],
  ['what nobody here could include', { include: ['reasoning.encrypted_content'] }, {}],
  ['store', { store: true }, {}],
  ['stream', { stream: true, stream_options: { include_obfuscation: true } }, { stream: true }],
  [
    'who asks',
    {
      user: 'u',
      safety_identifier: 's',
      prompt_cache_key: 'p',
      session_id: 'c',
      metadata: { a: 'b' },
    },
    {
      user: 'u',
      safety_identifier: 's',
      prompt_cache_key: 'p',
      session_id: 'c',
      metadata: { a: 'b' },
    },
  ],
  ['provider', { provider: { sort: 'price' } }, { provider: { sort: 'price' } }],
  ['service_tier', { service_tier: 'auto' }, { service_tier: 'auto' }],
  ['what only asks for defaults', { truncation: 'disabled', background: false, tools: [] }, {}],
  ['unknown fields', { seed: 7, n: 3, messages: [] }, {}],
])('%s', (_, asked, expected) => {
  test('in the words of chat', () => {
    const { messages, tools, ...rest } = inChat(asked)
    expect(messages).toEqual([user('Hi.')])
    const hasTools = Array.isArray(tools) && tools.length > 0
    expect({ ...rest, ...(hasTools ? { tools } : {}) }).toEqual(expected)
  })
})

test('a bound on calls means nothing where there is nothing to call', () => {
  expect(inChat({ max_tool_calls: 1 })).toMatchObject({ messages: [user('Hi.')] })
})

describe('a fault that chat finds', () => {
  test.each([
    ['max_tokens', 'max_tokens: m answers with at most 9 tokens.', 'max_output_tokens'],
    ['messages', 'The prompt has 9 tokens.', 'input'],
    ['messages.0.content.1.image_url.url', 'messages.0.content.1.image_url.url: no PNG.', 'input'],
    ['response_format', 'response_format: nobody takes it.', 'text.format'],
    ['logprobs', 'logprobs: not beside top_logprobs.', 'include'],
    ['temperature', 'temperature: nobody takes it.', 'temperature'],
  ])('in %s is told of the field that was sent', (param, message, ours) => {
    expect(inResponsesWords({ code: 'invalid_value', param, message })).toEqual({
      code: 'invalid_value',
      param: ours,
      message: message.replace(param, ours),
    })
  })
})
