/** Short-lived notes on single requests: one that its customer cancelled, one that a retry was answered with. */

export type CancelMark = {
  readonly holdId: string
  /** Of the key that asked; a request of another key is not stopped by it. */
  readonly keyId: string
  readonly expiresAtSec: number
}

export type RequestMarkStore = {
  readonly putCancel: (mark: CancelMark) => Promise<void>
  /** Those among at most 100 that are marked: key id by hold id. */
  readonly readCancels: (holdIds: readonly string[]) => Promise<ReadonlyMap<string, string>>
  /**
   * An SDK's retry is answered with this earlier request: true once, and again for the same asker,
   * whose reply may have been lost.
   */
  readonly takeRetry: (retry: {
    readonly ofHoldId: string
    readonly byHoldId: string
    readonly expiresAtSec: number
  }) => Promise<boolean>
}
