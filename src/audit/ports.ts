/** What auditing needs of a store. Records are only ever added, and ended once. */
import type { Page, Paged } from '../ledger/ports.ts'
import type { ChangeClaim, ClaimEnd, StoredChange } from './claim.ts'
import type { AuditRecord, BegunRecord, Ending } from './record.ts'

export type Begun =
  | { readonly kind: 'begun' }
  /** Nothing was written: the idempotency key has a record already. */
  | { readonly kind: 'taken'; readonly by: StoredChange }

export type AuditStore = {
  /** Writes the record and, in the same transaction, takes the claim. */
  readonly begin: (record: BegunRecord, claim: ChangeClaim | undefined) => Promise<Begun>
  /**
   * Ends a record that was begun, and with it the claim that it still has. A record that has ended
   * stays as it is.
   */
  readonly end: (
    auditId: string,
    ending: Ending,
    claim?: { readonly claimHash: string; readonly end: ClaimEnd },
  ) => Promise<void>
  readonly readRecord: (auditId: string) => Promise<AuditRecord | undefined>
  /** Of one UTC day, newest first; the cursor is a record's id, and a page holds at most 1 MB. */
  readonly listDay: (day: string, page: Page) => Promise<Paged<AuditRecord>>
}
