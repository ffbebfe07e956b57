/** A plain completion as its reply: OpenAI's `text_completion`, whole or in chunks of the same shape. */
import { absurd, InvariantError } from '../protocol/assert.ts'
import { type ChatChunk, textOf } from '../protocol/chat-chunk.ts'
import { statusOf, toWireError } from '../protocol/errors.ts'
import type { AnswerForm, FinishedEvent, FramesOf, JsonAnswer } from './answer-form.ts'
import { data, done } from './answer-stream.ts'
import type { CompletionEvent } from './completion-event.ts'
import type { RelayIdentity } from './relay.ts'
import type { StartedEvent } from './serve.ts'
import { joinedLogprobs, makeTextLogprobs, type TextLogprobs } from './text-logprobs.ts'

type TextChoice = {
  readonly index: number
  readonly text: string
  readonly logprobs: TextLogprobs | null
  readonly finish_reason: string | null
}

export type TextFormOptions = {
  readonly isStream: boolean
  readonly includeUsage: boolean
  /** Put before the text of each choice: the prompt where it is echoed, else nothing. */
  readonly prefix: string
}

export const textForm = (options: TextFormOptions): AnswerForm => ({
  isStream: options.isStream,
  toJson: (events, identity) => toTextAnswer(events, identity, options),
  makeFrames: (identity) => makeTextFrames(identity, options),
})

/** What each choice says, piece by piece, behind the prefix. */
function makePieces({ choices }: RelayIdentity, prefix: string) {
  const states = Array.from({ length: choices }, () => ({
    before: prefix,
    logprobs: makeTextLogprobs(prefix.length),
  }))
  /** What has not been said of a choice yet. */
  const rest = (index: number): string => {
    const state = states[index]
    const before = state?.before ?? ''
    if (state) state.before = ''
    return before
  }
  return {
    rest,
    of: (chunk: ChatChunk): readonly TextChoice[] =>
      chunk.choices.flatMap((choice) => {
        const { index } = choice
        const own = states[index]?.logprobs.take(choice.logprobs) ?? null
        const text = textOf(choice.delta)
        if (text === '' && own === null) return []
        return [{ index, text: `${rest(index)}${text}`, logprobs: own, finish_reason: null }]
      }),
  }
}

const objectOf = (
  { requestId, createdSec, model }: RelayIdentity,
  choices: readonly TextChoice[],
) => ({
  id: `cmpl-${requestId}`,
  object: 'text_completion',
  created: createdSec,
  model,
  choices,
})

const reasonOf = ({ finishReasons }: FinishedEvent, index: number): string =>
  finishReasons.get(index) ?? finishReasons.get(0) ?? 'stop'

async function toTextAnswer(
  events: AsyncIterable<CompletionEvent>,
  identity: RelayIdentity,
  { prefix }: TextFormOptions,
): Promise<JsonAnswer> {
  let pieces = makePieces(identity, prefix)
  let said: TextChoice[] = []
  let started: StartedEvent | undefined
  for await (const event of events) {
    switch (event.kind) {
      case 'started':
        started = event
        break
      case 'chunks':
        for (const chunk of event.chunks) said.push(...pieces.of(chunk))
        break
      case 'document':
        throw new InvariantError('a completion is answered in chunks')
      case 'withdrawn':
        pieces = makePieces(identity, prefix)
        said = []
        break
      case 'failed':
        return { kind: 'failed', event }
      case 'finished': {
        const { summary } = event.settled
        const choices = Array.from({ length: identity.choices }, (_, index): TextChoice => {
          const own = said.filter((piece) => piece.index === index)
          return {
            index,
            text: `${own.map(({ text }) => text).join('')}${pieces.rest(index)}`,
            logprobs: joinedLogprobs(own.flatMap(({ logprobs }) => logprobs ?? [])),
            finish_reason: reasonOf(event, index),
          }
        })
        const body = { ...objectOf(identity, choices), usage: summary.usage, b3iq: summary }
        return { kind: 'completed', body, started, finished: event }
      }
      default:
        absurd(event)
    }
  }
  const error = { code: 'internal_error' } as const
  return { kind: 'failed', event: { kind: 'failed', error, settled: undefined } }
}

function makeTextFrames(
  identity: RelayIdentity,
  { includeUsage, prefix }: TextFormOptions,
): FramesOf {
  const usage = includeUsage ? { usage: null } : {}
  const pieces = makePieces(identity, prefix)
  return function* framesOf(event) {
    switch (event.kind) {
      case 'started':
        return
      case 'withdrawn':
        throw new InvariantError('what a stream has shown is not withdrawn')
      case 'document':
        throw new InvariantError('a completion is answered in chunks')
      case 'chunks':
        for (const chunk of event.chunks) {
          const choices = pieces.of(chunk)
          if (choices.length > 0) yield data({ ...objectOf(identity, choices), ...usage })
        }
        return
      case 'failed': {
        const choice = { index: 0, text: '', logprobs: null, finish_reason: 'error' }
        // The reply's own status went out before this was known.
        const status = statusOf(event.error)
        const error = { ...toWireError(event.error, identity.requestId), status }
        const b3iq = event.settled ? { b3iq: event.settled.summary } : {}
        yield data({ ...objectOf(identity, [choice]), ...usage, error, ...b3iq })
        return
      }
      case 'finished': {
        const { summary } = event.settled
        const choices = Array.from({ length: identity.choices }, (_, index) => ({
          index,
          text: pieces.rest(index),
          logprobs: null,
          finish_reason: reasonOf(event, index),
        }))
        const b3iq = { b3iq: summary }
        yield data({ ...objectOf(identity, choices), ...(includeUsage ? usage : b3iq) })
        if (includeUsage) yield data({ ...objectOf(identity, []), usage: summary.usage, ...b3iq })
        yield done
        return
      }
      default:
        absurd(event)
    }
  }
}
