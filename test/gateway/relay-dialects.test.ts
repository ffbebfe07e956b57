// Every dialect means to a client what it meant to its runtime. The agent reads the same frames
// first: what it signs for and what the gateway counts must be one text and one usage.
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { toJsonAnswer } from '../../src/gateway/answer-json.ts'
import type { CompletionEvent } from '../../src/gateway/completion-event.ts'
import { verifyClaim } from '../../src/protocol/claim.ts'
import { openWorld } from '../apps/host/support/host-world.ts'
import { answerDialects } from '../support/answer-dialects.ts'
import { bodyOf, type Dialect, isDocument } from '../support/dialect.ts'
import { inPieces, relayed } from '../support/relayed.ts'
import { identity } from '../support/settled-request.ts'
import { toolCallDialects } from '../support/tool-call-dialects.ts'

const dialects = [...toolCallDialects, ...answerDialects].map(
  (dialect) => [dialect.name, dialect] as const,
)

async function* inOrder(events: readonly CompletionEvent[]): AsyncGenerator<CompletionEvent> {
  yield* events
}

const Call = z.object({
  id: z.string().min(1),
  type: z.literal('function'),
  function: z.object({ name: z.string(), arguments: z.string() }),
})
const Answer = z.object({
  choices: z.tuple([
    z.object({
      message: z.object({
        content: z.string().nullable(),
        reasoning_content: z.string().optional(),
        tool_calls: z.array(Call).optional(),
      }),
      finish_reason: z.string(),
    }),
  ]),
})

/** The aggregate, which is what a client makes of the stream. */
async function messageOf(events: readonly CompletionEvent[]) {
  const answer = await toJsonAnswer(inOrder(events), identity)
  if (answer.kind === 'failed') throw new Error(answer.event.error.code)
  return Answer.parse(answer.body).choices[0]
}

async function expectMeaning(read: Awaited<ReturnType<typeof relayed>>, { means }: Dialect) {
  const { message } = await messageOf(read.events)
  expect({
    content: message.content ?? '',
    reasoning: message.reasoning_content,
    calls: message.tool_calls?.map((call) => call.function),
  }).toEqual({ content: means.content, reasoning: means.reasoning, calls: means.calls })
  expect(read.totals.finishReasons.get(0)).toBe(means.reason)
  expect(read.isFinished).toBe(means.reason !== undefined)
  expect(read.hostUsage).toEqual(means.usage ?? null)
  const ids = message.tool_calls?.map((call) => call.id) ?? []
  expect(new Set(ids).size).toBe(ids.length)
}

describe('through the gateway alone', () => {
  test.each(dialects)('%s', async (_, dialect) => {
    await expectMeaning(await relayed(inPieces(bodyOf(dialect), 7)), dialect)
  })
})

describe('through agent and gateway, which agree', () => {
  test.each(dialects)('%s', async (_, dialect) => {
    const type = isDocument(dialect) ? 'application/json' : 'text/event-stream'
    const body = bodyOf(dialect)
    const { dispatch, proxy } = await openWorld({ reply: { type, pieces: [body] } })
    const { response } = await dispatch()
    if (response.body === null) throw new Error('the agent sent no body')
    const read = await relayed(response.body)
    await expectMeaning(read, dialect)
    expect(read.kinds.at(-1)).toBe('done')
    const { claim } = read
    if (claim === undefined) throw new Error('the agent signed for nothing')
    expect(verifyClaim(claim, proxy.node.signer.publicKey)).toBe(true)
    expect(claim.claim.output_sha256).toBe(read.totals.outputSha256)
    expect(claim.claim.usage).toEqual(read.hostUsage)
  })
})

describe('what every client may rely on', () => {
  test.each(dialects)('%s', async (_, dialect) => {
    const { chunks } = await relayed(inPieces(bodyOf(dialect)))
    const begun = new Set<number>()
    for (const [position, chunk] of chunks.entries()) {
      expect(Object.keys(chunk).sort()).toEqual(['choices', 'created', 'id', 'model', 'object'])
      expect(chunk).toMatchObject({ id: `chatcmpl-${identity.requestId}`, model: identity.model })
      const [{ delta, finish_reason }] = z.tuple([z.looseObject({})]).parse(chunk.choices)
      expect(finish_reason).toBeNull()
      if (position === 0) expect(delta).toEqual({ role: 'assistant', content: '' })
      for (const piece of chunk.choices[0]?.delta.tool_calls ?? []) {
        const { index = -1 } = piece
        const shape = { index, function: { arguments: expect.any(String) } }
        const first = { id: expect.any(String), type: 'function', ...shape }
        const withName = { ...first, function: { ...shape.function, name: expect.any(String) } }
        expect(piece).toEqual(begun.has(index) ? shape : withName)
        // Calls are counted up from 0, one after the other.
        if (!begun.has(index)) expect(index).toBe(begun.size)
        begun.add(index)
      }
    }
  })
})
