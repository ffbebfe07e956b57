/** How an endpoint shows what happens to its request: as one JSON object, or as a stream of events. */
import type { CompletionEvent } from './completion-event.ts'
import type { RelayIdentity } from './relay.ts'
import type { StartedEvent } from './serve.ts'

export type AnswerForm = {
  readonly isStream: boolean
  readonly toJson: (
    events: AsyncIterable<CompletionEvent>,
    identity: RelayIdentity,
  ) => Promise<JsonAnswer>
  /** What one event becomes in a stream; called once per stream. */
  readonly makeFrames: (identity: RelayIdentity) => FramesOf
}

/** Of one stream, in the order of its events. */
export type FramesOf = (event: CompletionEvent) => Iterable<string>

export type FailedEvent = Extract<CompletionEvent, { kind: 'failed' }>
export type FinishedEvent = Extract<CompletionEvent, { kind: 'finished' }>

export type PlainText = { readonly contentType: string; readonly text: string }

export type JsonAnswer =
  | { readonly kind: 'failed'; readonly event: FailedEvent }
  | {
      readonly kind: 'completed'
      readonly body: Readonly<Record<string, unknown>>
      /** Sent instead of `body`, where the client asked for no JSON. */
      readonly plain?: PlainText | undefined
      readonly started: StartedEvent | undefined
      readonly finished: FinishedEvent
    }
