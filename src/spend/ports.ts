/** What rolling up and showing spend need of a store. */
import type { Spend } from './spend.ts'

/** `all` has the one value `all`: what a day came to. */
export type Dimension = 'all' | 'account' | 'key' | 'model' | 'node' | 'tag'

/** Whose spend a row sums. A key's value is `account/key`, so that an account's keys stand together. */
export type Subject = { readonly dimension: Dimension; readonly value: string }

export type SpendRow = Subject & {
  /** UTC, `2026-11-21`: the day on which the requests were taken. */
  readonly day: string
  readonly spend: Spend
  /** When a receipt among the newest of these was decided. */
  readonly newestMs: number
}

/** A hold whose receipt is counted, and until when that is remembered. */
export type CountedHold = { readonly holdId: string; readonly expiresAtSec: number }

/** At most a hundred holds and rows together: what DynamoDB takes in one transaction. */
export type SpendBatch = {
  readonly holds: readonly CountedHold[]
  /** Each to be added to what stands in its row; no row twice. */
  readonly rows: readonly SpendRow[]
}

export type CountOutcome =
  | { readonly kind: 'counted' }
  /** Nothing was added: these were counted before. */
  | { readonly kind: 'known'; readonly holdIds: ReadonlySet<string> }

/** Both days included. */
export type DayRange = { readonly from: string; readonly to: string }

export type SpendStore = {
  /** All of it, once, or nothing. Throws where the outcome is unknown: repeating it is safe. */
  readonly countSpend: (batch: SpendBatch) => Promise<CountOutcome>
  /** Rows of one subject, in any order; one day may have several. */
  readonly rowsOf: (subject: Subject, range: DayRange) => AsyncIterable<SpendRow>
  /** Rows of all values that begin with `prefix` and come after `after`; ascending by value. */
  readonly rowsByValue: (
    asked: {
      readonly dimension: Dimension
      readonly prefix: string
      readonly after: string | undefined
    },
    range: DayRange,
  ) => AsyncIterable<SpendRow>
}
