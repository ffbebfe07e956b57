// The stream of events of one response, as clients of Open Responses and of OpenAI's SDKs expect it.
import { describe, expect, test } from 'vitest'
import type { ChatDelta } from '../../src/protocol/chat-chunk.ts'
import type { ApiError } from '../../src/protocol/errors.ts'
import { ResponsesEvent } from '../../src/protocol/responses-event.ts'
import { ResponsesRequest } from '../../src/protocol/responses-request.ts'
import { makeOutput } from '../../src/responses/output.ts'
import { makeResponse } from '../../src/responses/response.ts'
import { chunkWith, ended, identity, summary } from '../support/response-run.ts'

type End = string | ApiError

/** A response of these deltas; at its end a finish reason, or what broke it off. */
function eventsOf(
  deltas: readonly (ChatDelta | { readonly logprobs: unknown; readonly delta: ChatDelta })[],
  end: End = 'stop',
): ResponsesEvent[] {
  const request = ResponsesRequest.parse({ model: 'maker/model', input: 'Hi.' })
  const response = makeResponse(request, identity)
  const events = [
    ...response.begin(),
    ...deltas.flatMap((one) => [
      ...response.take('delta' in one ? chunkWith(one.delta, one.logprobs) : chunkWith(one)),
    ]),
    ...(typeof end === 'string' ? response.finish(ended(end)) : response.fail(end, undefined)),
  ]
  expect(events.map(({ sequence_number }) => sequence_number)).toEqual([...events.keys()])
  return events.map((event) => ResponsesEvent.parse(event))
}

/** What was added is told by its type, what grew by its text; the rest by its name alone. */
function told(events: readonly ResponsesEvent[]): string[] {
  return events.map((event) => {
    const name = event.type.replace('response.', '')
    const at = 'output_index' in event ? ` ${event.output_index}` : ''
    const part = 'content_index' in event ? `.${event.content_index}` : ''
    if ('item' in event) return `${name}${at} ${event.item.type} ${event.item.status}`
    if ('part' in event) return `${name}${at}${part} ${event.part.type}`
    const text = 'delta' in event ? event.delta : 'text' in event ? event.text : undefined
    return `${name}${at}${part}${text === undefined ? '' : ` "${text}"`}`
  })
}

const lastOf = (events: readonly ResponsesEvent[]) => {
  const last = events.at(-1)
  if (!last || !('response' in last)) throw new Error('the last event is not terminal')
  return last.response
}

const call = (index: number, first?: string, text = ''): ChatDelta => ({
  tool_calls: [
    {
      index,
      ...(first === undefined ? {} : { id: `call_${first}`, type: 'function' as const }),
      function: { ...(first === undefined ? {} : { name: first }), arguments: text },
    },
  ],
})

describe('a text', () => {
  const events = eventsOf([
    { role: 'assistant', content: '' },
    { content: 'Hel' },
    { content: 'lo' },
  ])

  test('is opened, grown and closed in the order of the specification', () => {
    expect(told(events)).toEqual([
      'created',
      'in_progress',
      'output_item.added 0 message in_progress',
      'content_part.added 0.0 output_text',
      'output_text.delta 0.0 "Hel"',
      'output_text.delta 0.0 "lo"',
      'output_text.done 0.0 "Hello"',
      'content_part.done 0.0 output_text',
      'output_item.done 0 message completed',
      'completed',
    ])
  })

  test('is whole in the terminal event, with its usage, its end and its price', () => {
    expect(lastOf(events)).toMatchObject({
      id: `resp_${identity.requestId}`,
      status: 'completed',
      created_at: identity.createdSec,
      completed_at: identity.createdSec + 2,
      error: null,
      incomplete_details: null,
      store: false,
      output: [
        {
          id: `msg_${identity.requestId}_0`,
          role: 'assistant',
          content: [{ type: 'output_text', text: 'Hello', annotations: [], logprobs: [] }],
        },
      ],
      usage: {
        input_tokens: 120,
        input_tokens_details: { cached_tokens: 20 },
        output_tokens: 34,
        total_tokens: 154,
      },
      b3iq: summary,
    })
  })

  test('that nobody said is an empty message', () => {
    const [item] = lastOf(eventsOf([])).output
    expect(item).toMatchObject({ type: 'message', content: [{ type: 'output_text', text: '' }] })
  })
})

describe('an answer of several kinds', () => {
  test('has an item for each, in order of first appearance', () => {
    const events = eventsOf(
      [
        { reasoning_content: 'Hm.' },
        { content: 'A moment.' },
        call(0, 'weather'),
        call(0, undefined, '{"a"'),
        call(0, undefined, ':1}'),
        call(1, 'news', '{}'),
      ],
      'tool_calls',
    )
    expect(told(events).slice(2)).toEqual([
      'output_item.added 0 reasoning in_progress',
      'content_part.added 0.0 reasoning_text',
      'reasoning_text.delta 0.0 "Hm."',
      'reasoning_text.done 0.0 "Hm."',
      'content_part.done 0.0 reasoning_text',
      'output_item.done 0 reasoning completed',
      'output_item.added 1 message in_progress',
      'content_part.added 1.0 output_text',
      'output_text.delta 1.0 "A moment."',
      'output_text.done 1.0 "A moment."',
      'content_part.done 1.0 output_text',
      'output_item.done 1 message completed',
      'output_item.added 2 function_call in_progress',
      'function_call_arguments.delta 2 "{"a""',
      'function_call_arguments.delta 2 ":1}"',
      'output_item.added 3 function_call in_progress',
      'function_call_arguments.delta 3 "{}"',
      'function_call_arguments.done 2',
      'output_item.done 2 function_call completed',
      'function_call_arguments.done 3',
      'output_item.done 3 function_call completed',
      'completed',
    ])
    expect(lastOf(events).output.slice(2)).toMatchObject([
      { call_id: 'call_weather', name: 'weather', arguments: '{"a":1}' },
      { call_id: 'call_news', name: 'news', arguments: '{}' },
    ])
  })

  test('keeps calls apart whose pieces come in turns', () => {
    const deltas = [
      call(0, 'weather', '{"a'),
      call(1, 'news', '{"b'),
      call(0, undefined, '":1}'),
      { content: 'and' },
      call(1, undefined, '":2}'),
    ]
    expect(lastOf(eventsOf(deltas, 'tool_calls')).output).toMatchObject([
      { name: 'weather', arguments: '{"a":1}' },
      { name: 'news', arguments: '{"b":2}' },
      { type: 'message', content: [{ text: 'and' }] },
    ])
  })

  test('has a refusal as a part of its message', () => {
    const events = eventsOf([{ content: 'Well. ' }, { refusal: 'No.' }])
    expect(told(events).slice(5)).toEqual([
      'output_text.done 0.0 "Well. "',
      'content_part.done 0.0 output_text',
      'content_part.added 0.1 refusal',
      'refusal.delta 0.1 "No."',
      'refusal.done 0.1',
      'content_part.done 0.1 refusal',
      'output_item.done 0 message completed',
      'completed',
    ])
  })
})

describe('log-probabilities', () => {
  const token = (text: string) => ({ token: text, logprob: -0.5, bytes: [65], top_logprobs: [] })
  const scored = (content: string, ...tokens: object[]) => ({
    delta: content === '' ? {} : { content },
    logprobs: { content: tokens },
  })
  const tokensIn = (events: readonly ResponsesEvent[]) =>
    events.flatMap((event) =>
      event.type === 'response.output_text.delta' ? event.logprobs.map((one) => one.token) : [],
    )

  test('go with the text of their tokens, those of half a character with the next', () => {
    const events = eventsOf([
      scored('', token('\\xe2')),
      scored('A', token('A')),
      scored('', token('\\xe3')),
      scored('B', token('B')),
    ])
    expect(tokensIn(events)).toEqual(['\\xe2', 'A', '\\xe3', 'B'])
    const [item] = lastOf(events).output
    const parts = item?.type === 'message' ? item.content : []
    expect(parts).toMatchObject([{ text: 'AB', logprobs: ['\\xe2', 'A', '\\xe3', 'B'].map(token) }])
  })

  test('of thoughts and calls are left out, and so is what is no token', () => {
    const thought = { delta: { reasoning_content: 'Hm.' }, logprobs: { content: [token('Hm')] } }
    const torn = scored('A', { token: 'A', logprob: -1, bytes: null }, { token: 7 })
    const events = eventsOf([
      thought,
      scored('', token('x')),
      torn,
      call(0, 'f'),
      scored('', token('y')),
    ])
    expect(tokensIn(events)).toEqual(['A'])
  })
})

describe('an answer that was cut', () => {
  test.each([
    ['length', 'max_output_tokens'],
    ['content_filter', 'content_filter'],
  ])('by %s is incomplete, and so is its last item', (reason, told) => {
    const events = eventsOf([{ reasoning_content: 'Hm.' }, { content: 'Hel' }], reason)
    expect(events.at(-1)?.type).toBe('response.incomplete')
    expect(lastOf(events)).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: told },
      completed_at: null,
      output: [{ status: 'completed' }, { status: 'incomplete' }],
      b3iq: summary,
    })
  })

  test('before it said anything has no item', () => {
    expect(lastOf(eventsOf([], 'length')).output).toEqual([])
  })
})

describe('a failure', () => {
  const error: ApiError = { code: 'upstream_timeout', retryable: false }

  test('before any content is an error, and then a response that failed', () => {
    const events = eventsOf([], error)
    expect(told(events)).toEqual(['created', 'in_progress', 'error', 'failed'])
    expect(events[2]).toMatchObject({
      code: 'upstream_timeout',
      param: null,
      error: { code: 'upstream_timeout', status: 504, request_id: identity.requestId },
    })
  })

  test('after content is a response that failed, with what was said until then', () => {
    const events = eventsOf([{ content: 'Hel' }], error)
    expect(told(events).slice(4)).toEqual(['output_text.delta 0.0 "Hel"', 'failed'])
    expect(lastOf(events)).toMatchObject({
      status: 'failed',
      error: { code: 'server_error', b3iq_code: 'upstream_timeout', retryable: false },
      output: [{ status: 'incomplete', content: [{ text: 'Hel' }] }],
      usage: null,
    })
  })

  test.each([
    ['rate_limit_exceeded', 'rate_limit_exceeded'],
    ['context_length_exceeded', 'invalid_prompt'],
    ['internal_error', 'server_error'],
  ] as const)('%s is %s in the words of the SDKs', (code, known) => {
    expect(lastOf(eventsOf([], { code })).error).toMatchObject({ code: known, b3iq_code: code })
  })
})

test.each([
  ['with its text', [{ content: 'Hi' }]],
  ['before its text', [{}, { content: 'Hi' }]],
])('an answer may have any number of log-probabilities, %s', (_, [first = {}, ...rest]) => {
  const content = Array.from({ length: 200_000 }, () => ({ token: 'a', logprob: -1 }))
  const output = makeOutput('req')
  const take = (delta: ChatDelta, logprobs?: unknown) => [
    ...output.take(chunkWith(delta, logprobs)),
  ]
  take(first, { content })
  for (const delta of rest) take(delta)
  const [item] = output.items()
  const [part] = item?.type === 'message' ? item.content : []
  expect(part?.type === 'output_text' && part.logprobs.length).toBe(200_000)
})
