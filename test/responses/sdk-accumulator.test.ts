// Whatever a chat streams, OpenAI's own accumulator builds from our events the response that the last
// of them carries. The types of the SDK are held against ours on the way.
import fc from 'fast-check'
import { accumulateResponse } from 'openai/lib/responses/ResponseAccumulator'
import type { Response, ResponseStreamEvent } from 'openai/resources/responses/responses'
import { describe, expect, test } from 'vitest'
import type { ChatDelta } from '../../src/protocol/chat-chunk.ts'
import { ResponsesEvent } from '../../src/protocol/responses-event.ts'
import { ResponsesRequest } from '../../src/protocol/responses-request.ts'
import { makeResponse } from '../../src/responses/response.ts'
import { chunkWith, ended, identity } from '../support/response-run.ts'

const request = ResponsesRequest.parse({ model: 'maker/model', input: 'Hi.', stream: true })

const piece = fc.record({
  index: fc.nat({ max: 3 }),
  function: fc.record({ arguments: fc.string({ maxLength: 6 }) }),
})
const delta: fc.Arbitrary<ChatDelta> = fc.oneof(
  fc.record({ content: fc.string({ maxLength: 6 }) }),
  fc.record({ reasoning_content: fc.string({ maxLength: 6 }) }),
  fc.record({ refusal: fc.string({ maxLength: 6 }) }),
  fc.record({ tool_calls: fc.array(piece, { maxLength: 2 }) }),
  fc.constant({}),
)
const logprobs = fc.option(
  fc.record({
    content: fc.array(fc.record({ token: fc.string({ maxLength: 3 }), logprob: fc.constant(-1) }), {
      maxLength: 2,
    }),
  }),
)
const chunks = fc.array(
  fc.tuple(delta, logprobs).map(([said, shown]) => chunkWith(said, shown ?? undefined)),
  { maxLength: 20 },
)

function eventsOf(said: readonly ReturnType<typeof chunkWith>[], end: string): ResponsesEvent[] {
  const response = makeResponse(request, identity)
  const told = said.flatMap((chunk) => [...response.take(chunk)])
  const last =
    end === 'failure'
      ? response.fail({ code: 'upstream_error' }, undefined)
      : response.finish(ended(end))
  return [...told, ...last]
}

/** Members that the SDK adds on its side, or types more narrowly than the API writes them. */
type Object = Extract<ResponsesEvent, { response: unknown }>['response']
const ofSdk = ({ user, usage, text, ...response }: Object): Response => ({
  ...response,
  output_text: '',
  text: { format: formatOfSdk(text) },
  ...(user === null ? {} : { user }),
  ...(usage === null ? {} : { usage }),
})
function formatOfSdk({ format }: Object['text']) {
  if (format.type !== 'json_schema') return format
  const { description, ...rest } = format
  return description === null ? rest : { ...rest, description }
}
const toSdk = (event: ResponsesEvent): ResponseStreamEvent =>
  'response' in event ? { ...event, response: ofSdk(event.response) } : event

const parsed = (event: ResponsesEvent) => ResponsesEvent.parse(JSON.parse(JSON.stringify(event)))

describe('any answer', () => {
  test('is rebuilt from its events', () => {
    const ends = fc.constantFrom('stop', 'length', 'tool_calls', 'content_filter')
    fc.assert(
      fc.property(chunks, ends, (said, end) => {
        const events = eventsOf(said, end).map(parsed)
        const begun = events.slice(0, -1)
        const built = begun.reduce<Response | undefined>(
          (response, event) => accumulateResponse(toSdk(event), response),
          undefined,
        )
        const last = events.at(-1)
        expect(last && 'response' in last && last.response.output).toEqual(built?.output)
      }),
      { numRuns: 200 },
    )
  })

  test('says each text once: its deltas are its whole', () => {
    fc.assert(
      fc.property(chunks, (said) => {
        const events = eventsOf(said, 'stop')
        const grown = new Map<string, string>()
        const closed = new Map<string, string>()
        for (const event of events) {
          if (!('item_id' in event)) continue
          const at = `${event.item_id} ${'content_index' in event ? event.content_index : ''}`
          if ('delta' in event) grown.set(at, `${grown.get(at) ?? ''}${event.delta}`)
          if ('text' in event) closed.set(at, event.text)
          if ('refusal' in event) closed.set(at, event.refusal)
          if ('arguments' in event) closed.set(at, event.arguments)
        }
        for (const [at, text] of closed) expect(grown.get(at) ?? '').toBe(text)
        const chat = said.flatMap(({ choices }) => choices.map((choice) => choice.delta))
        const spoken = (name: 'content' | 'reasoning_content' | 'refusal') =>
          chat.map((one) => one[name] ?? '').join('')
        const ofType = (type: string) =>
          events.flatMap((one) => (one.type === type && 'delta' in one ? [one.delta] : [])).join('')
        expect(ofType('response.output_text.delta')).toBe(spoken('content'))
        expect(ofType('response.reasoning_text.delta')).toBe(spoken('reasoning_content'))
        expect(ofType('response.refusal.delta')).toBe(spoken('refusal'))
      }),
      { numRuns: 200 },
    )
  })

  test('that broke off keeps what was said, and the SDK reads it', () => {
    fc.assert(
      fc.property(chunks, (said) => {
        const events = eventsOf(said, 'failure').map(parsed)
        const built = events
          .filter(({ type }) => type !== 'error')
          .reduce<Response | undefined>(
            (response, event) => accumulateResponse(toSdk(event), response),
            undefined,
          )
        expect(built?.status).toBe('failed')
        expect(events.some(({ type }) => type === 'error')).toBe(built?.output.length === 0)
      }),
      { numRuns: 100 },
    )
  })
})
