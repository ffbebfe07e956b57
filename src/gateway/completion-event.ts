/** What happens to a completion, in order; a reply of either form is made of these. */
import type { ApiError } from '../protocol/errors.ts'
import type { StartedEvent } from './serve.ts'
import type { Settled } from './settle-request.ts'
import type { Shown } from './work.ts'

export type CompletionEvent =
  /** First content is here: what the reply's headers say of the host. */
  | StartedEvent
  | Shown
  /** What was said so far is void: its host broke off, and nobody has been shown it. Never in a stream. */
  | { readonly kind: 'withdrawn' }
  | { readonly kind: 'failed'; readonly error: ApiError; readonly settled: Settled | undefined }
  | {
      readonly kind: 'finished'
      readonly finishReasons: ReadonlyMap<number, string>
      readonly settled: Settled
    }
