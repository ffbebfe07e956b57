/**
 * Counts receipts that the stream did not: from before there was one, or given up on after too many
 * tries. What is counted already stays as it is.
 */
import type { ReceiptStore, UnreadReceipt } from '../receipts/ports.ts'
import { type Delivered, type RollUpDeps, rollUp } from './roll-up.ts'

export type RecountDeps = RollUpDeps & { readonly receipts: Pick<ReceiptStore, 'listUnread'> }

export type RecountOrder = { readonly accountId: string; readonly after: string | undefined }

export type Recounted = {
  readonly counted: number
  readonly known: number
  readonly failed: number
  /** From where to go on; undefined at the end. */
  readonly next: string | undefined
}

const pageSize = 100
const pagesMax = 20

/** An account's receipts, newest first, from `after` on and as far back as sums can be mended. */
export async function recountAccount(
  deps: RecountDeps,
  { accountId, after }: RecountOrder,
): Promise<Recounted> {
  const done = { counted: 0, known: 0, failed: 0 }
  let cursor = after
  for (let page = 0; page < pagesMax; page += 1) {
    const { items, next } = await deps.receipts.listUnread(accountId, {
      limit: pageSize,
      after: cursor,
    })
    const { counted, known, tooOld, failures } = await rollUp(deps, items.map(delivered))
    done.counted += counted
    done.known += known
    done.failed += failures.length
    // Behind the first one that is too old there are only older ones.
    if (next === undefined || tooOld > 0) return { ...done, next: undefined }
    cursor = next
  }
  return { ...done, next: cursor }
}

const delivered = ({ holdId, read }: UnreadReceipt): Delivered => ({ place: holdId, read })
