/**
 * Walks a listing that may be longer than one run can be: page by page, a few items at a time, with
 * the place kept after each page. The end of the listing is the end of a round; the next run begins a new one.
 */
import type { Page, Paged } from '../ledger/ports.ts'
import { forEachBounded } from './bounded.ts'

export type Walk<T> = {
  readonly from: string | undefined
  readonly list: (page: Page) => Promise<Paged<T>>
  /** Throws for nothing that concerns one item alone. */
  readonly work: (item: T) => Promise<void>
  /** Asked between pages. */
  readonly isOver: () => boolean
  /** Undefined at the end. */
  readonly keepPlace: (place: string | undefined) => Promise<void>
}

const pageSize = 50
const concurrency = 4

/** Whether it came to the end. */
export async function walk<T>({ from, list, work, isOver, keepPlace }: Walk<T>): Promise<boolean> {
  for (let after = from; ; ) {
    const { items, next } = await list({ limit: pageSize, after })
    await forEachBounded(items, concurrency, work)
    await keepPlace(next)
    if (next === undefined) return true
    if (isOver()) return false
    after = next
  }
}
