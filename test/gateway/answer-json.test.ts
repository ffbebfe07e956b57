import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { toJsonAnswer } from '../../src/gateway/answer-json.ts'
import type { CompletionEvent } from '../../src/gateway/completion-event.ts'
import { chunkOf } from '../../src/gateway/relay.ts'
import type { ChatDelta } from '../../src/protocol/chat-chunk.ts'
import { chunk, finished, identity, settled, started, usage } from '../support/settled-request.ts'

async function* inOrder(events: readonly CompletionEvent[]): AsyncGenerator<CompletionEvent> {
  yield* events
}
const answerOf = (events: readonly CompletionEvent[], choices = 1) =>
  toJsonAnswer(inOrder(events), { ...identity, choices })

async function bodyOf(events: readonly CompletionEvent[], choices?: number) {
  const answer = await answerOf(events, choices)
  if (answer.kind === 'failed') throw new Error(answer.event.error.code)
  return answer.body
}

const call = (piece: NonNullable<ChatDelta['tool_calls']>[0]) => chunk({ tool_calls: [piece] })

describe('a completed answer', () => {
  test('is one object with the names, the usage and the receipt of its request', async () => {
    const events = [started, chunk({ role: 'assistant', content: '' }), chunk({ content: 'Hel' })]
    const answer = await answerOf([...events, chunk({ content: 'lo' }), finished([0, 'stop'])])
    expect(answer).toMatchObject({ kind: 'completed', started, finished: { settled } })
    expect(answer.kind === 'completed' && answer.body).toEqual({
      id: `chatcmpl-${identity.requestId}`,
      object: 'chat.completion',
      created: identity.createdSec,
      model: identity.model,
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'Hello', refusal: null },
          logprobs: null,
          finish_reason: 'stop',
        },
      ],
      usage,
      b3iq: settled.summary,
    })
  })

  test('keeps reasoning and refusals apart from the text', async () => {
    const events = [
      chunk({ reasoning_content: 'Hm, ' }),
      chunk({ reasoning_content: 'well.' }),
      chunk({ content: 'Sorry' }),
      chunk({ refusal: 'No.' }),
      finished([0, 'stop']),
    ]
    expect(await bodyOf(events)).toMatchObject({
      choices: [{ message: { content: 'Sorry', reasoning_content: 'Hm, well.', refusal: 'No.' } }],
    })
  })

  test('puts each tool call together, however its pieces come', async () => {
    const events = [
      call({ index: 0, id: 'call_1', type: 'function', function: { name: 'one', arguments: '{' } }),
      call({ index: 1, id: 'call_2', function: { name: 'two', arguments: '' } }),
      call({ index: 0, function: { arguments: '}' } }),
      call({ index: 1, id: 'call_2', function: { arguments: '[]' } }),
      finished([0, 'tool_calls']),
    ]
    expect(await bodyOf(events)).toMatchObject({
      choices: [
        {
          finish_reason: 'tool_calls',
          message: {
            content: null,
            tool_calls: [
              { id: 'call_1', type: 'function', function: { name: 'one', arguments: '{}' } },
              { id: 'call_2', type: 'function', function: { name: 'two', arguments: '[]' } },
            ],
          },
        },
      ],
    })
  })

  test('may say something and call a tool', async () => {
    const events = [
      chunk({ content: 'Let me see.' }),
      call({ index: 0, id: 'call_1', function: { name: 'one', arguments: '{}' } }),
      finished([0, 'tool_calls']),
    ]
    expect(await bodyOf(events)).toMatchObject({
      choices: [{ message: { content: 'Let me see.', tool_calls: [{ id: 'call_1' }] } }],
    })
  })

  test('has each choice at its index; one without a reason of its own has that of the first', async () => {
    const events = [chunk({ content: 'b' }, 1), chunk({ content: 'a' }, 0), finished([0, 'length'])]
    expect(await bodyOf(events, 2)).toMatchObject({
      choices: [
        { index: 0, message: { content: 'a' }, finish_reason: 'length' },
        { index: 1, message: { content: 'b' }, finish_reason: 'length' },
      ],
    })
  })

  test('keeps log-probabilities of text and of refusals apart', async () => {
    const shows = (logprobs: unknown): CompletionEvent => {
      const choice = { index: 0, delta: { content: 'a' }, finish_reason: null, logprobs }
      return { kind: 'chunks', chunks: [chunkOf(identity, [choice])] }
    }
    const [one, two] = [{ token: 'a' }, { token: 'b' }]
    const events = [
      shows({ content: [one] }),
      shows({ content: null, refusal: [two] }),
      shows(null),
      shows({ content: [two], refusal: null }),
      shows({ tokens: ['of another API'] }),
      finished([0, 'stop']),
    ]
    expect(await bodyOf(events)).toMatchObject({
      choices: [{ logprobs: { content: [one, two], refusal: [two] } }],
    })
  })

  test('has as many log-probabilities as the host shows at once', async () => {
    const content = Array.from({ length: 300_000 }, () => 0)
    const logprobs = { content, refusal: content }
    const choice = { index: 0, delta: { content: 'a' }, finish_reason: null, logprobs }
    const shown: CompletionEvent = { kind: 'chunks', chunks: [chunkOf(identity, [choice])] }
    const answer = await bodyOf([shown, finished([0, 'stop'])])
    const Shown = z.object({
      choices: z.tuple([z.object({ logprobs: z.record(z.string(), z.array(z.number())) })]),
    })
    const [first] = Shown.parse(answer).choices
    expect(Object.values(first.logprobs).map(({ length }) => length)).toEqual([300_000, 300_000])
  })

  test('may be empty', async () => {
    const answer = await answerOf([finished([0, 'stop'])])
    expect(answer).toMatchObject({ kind: 'completed', started: undefined })
    expect(await bodyOf([finished()])).toMatchObject({
      choices: [{ message: { content: '' }, finish_reason: 'stop' }],
    })
  })
})

describe('a failed answer', () => {
  test('is its error, whatever was said before', async () => {
    const failed = { kind: 'failed', error: { code: 'upstream_error' }, settled } as const
    expect(await answerOf([chunk({ content: 'Hel' }), failed])).toEqual({
      kind: 'failed',
      event: failed,
    })
  })

  test('that ends without a word is a fault of ours', async () => {
    expect(await answerOf([chunk({ content: 'Hel' })])).toMatchObject({
      kind: 'failed',
      event: { error: { code: 'internal_error' } },
    })
  })
})
