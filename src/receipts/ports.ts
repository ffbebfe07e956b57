/** What reading receipts needs of a store. */
import type { Decision, Page, Paged } from '../ledger/ports.ts'

export type UnreadReceipt = {
  readonly holdId: string
  /** Throws where it is none that this release can read. */
  readonly read: () => Decision
}

export type ReceiptStore = {
  readonly readReceipt: (accountId: string, holdId: string) => Promise<Decision | undefined>
  /** By the gateway's hash or the node's. */
  readonly findByHash: (hash: string) => Promise<Decision | undefined>
  /** The decision of a hold that expired; undefined for any other. */
  readonly findExpired: (holdId: string) => Promise<Decision | undefined>
  /** Newest first; the cursor is a hold id. */
  readonly listReceipts: (accountId: string, page: Page) => Promise<Paged<Decision>>
  /** The same, each to be read by itself: one that cannot be read hides no other. */
  readonly listUnread: (accountId: string, page: Page) => Promise<Paged<UnreadReceipt>>
  /** The newest of those whose hold is not older than `sinceId`, strongly consistent. */
  readonly listSince: (
    accountId: string,
    since: { readonly sinceId: string; readonly limit: number },
  ) => Promise<readonly Decision[]>
}
