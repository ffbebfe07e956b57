/** A document as its reply: never a stream, and whole or an error. */
import { absurd, assert, InvariantError } from '../protocol/assert.ts'
import type { Document } from '../protocol/document.ts'
import type { AnswerForm, JsonAnswer, PlainText } from './answer-form.ts'
import type { RelayIdentity } from './relay.ts'
import type { StartedEvent } from './serve.ts'
import type { Summary } from './settle-request.ts'

export type DocumentReply = { readonly body: Document; readonly plain?: PlainText | undefined }

/** What the reply is made of: the document as it was relayed, and what it came to. */
export type ShowDocument = (
  document: Document,
  of: { readonly identity: RelayIdentity; readonly summary: Summary },
) => DocumentReply

export const documentForm = (show: ShowDocument): AnswerForm => ({
  isStream: false,
  makeFrames: () => {
    throw new InvariantError('a document is not streamed')
  },
  toJson: async (events, identity): Promise<JsonAnswer> => {
    let document: Document | undefined
    let started: StartedEvent | undefined
    for await (const event of events) {
      switch (event.kind) {
        case 'started':
          started = event
          break
        case 'chunks':
          throw new InvariantError('a document does not come in chunks')
        case 'document':
          document = event.document
          break
        case 'withdrawn':
          document = undefined
          break
        case 'failed':
          return { kind: 'failed', event }
        case 'finished': {
          const { summary } = event.settled
          assert(document !== undefined, 'what is finished has a document', { ...identity })
          const reply = show(document, { identity, summary })
          return { kind: 'completed', ...reply, started, finished: event }
        }
        default:
          absurd(event)
      }
    }
    const error = { code: 'internal_error' } as const
    return { kind: 'failed', event: { kind: 'failed', error, settled: undefined } }
  },
})
