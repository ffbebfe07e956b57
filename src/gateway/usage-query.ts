/** What may be asked of a customer's ledger: a page of it, and which of its entries to show. */
import * as z from 'zod'
import type { Page } from '../ledger/ports.ts'
import type { FirstIdAt } from '../protocol/clock.ts'
import { KeyId, ModelId } from '../protocol/ids.ts'
import { limits } from '../protocol/limits.ts'

const Time = z.iso
  .datetime({ offset: true, error: 'must be a time such as 2026-11-21T00:00:00Z' })
  .transform((text) => Date.parse(text))
  .pipe(z.int().min(0))

export const UsageQuery = z.strictObject({
  limit: z
    .string()
    .regex(/^\d{1,3}$/, 'must be a number')
    .transform(Number)
    .pipe(z.int().min(1).max(limits.pageSize))
    .default(limits.pageSize),
  after: z
    .string()
    .regex(/^[0-9A-Z]{26}$/, 'must be the id of an entry')
    .optional(),
  model: ModelId.optional(),
  key_id: KeyId.optional(),
  /** Entries made at this time or later. */
  from: Time.optional(),
  /** Entries made before this time. */
  to: Time.optional(),
  format: z
    .enum(['json', 'csv', 'ndjson'], { error: 'must be json, csv or ndjson' })
    .default('json'),
})
export type UsageQuery = z.infer<typeof UsageQuery>

/** Applied within a page: the cursor moves on past what is not shown. */
export type UsageFilter = {
  readonly model?: string | undefined
  readonly keyId?: string | undefined
  /** No entry with an earlier id, and no page behind the first of those. */
  readonly sinceId?: string | undefined
}

/** Ids sort by time, so times become ids and cost no reading of what lies outside of them. */
export function pageAndFilter(
  { limit, after, model, key_id: keyId, from, to }: UsageQuery,
  firstIdAt: FirstIdAt,
): { readonly page: Page; readonly filter: UsageFilter } {
  const until = to === undefined ? undefined : firstIdAt(to)
  const isLater = after === undefined || (until !== undefined && until < after)
  return {
    page: { limit, after: isLater ? until : after },
    filter: { model, keyId, sinceId: from === undefined ? undefined : firstIdAt(from) },
  }
}
