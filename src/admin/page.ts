/** Lists in pages: bounded in size, continued by the cursor that the page before gave. */
import * as z from 'zod'
import type { Page, Paged } from '../ledger/ports.ts'
import { limits } from '../protocol/limits.ts'

export const pageFields = {
  limit: z
    .string()
    .regex(/^\d{1,3}$/, 'must be a number')
    .transform(Number)
    .pipe(z.int().min(1).max(limits.pageSize))
    .default(limits.pageSize),
  after: z.string().min(1).max(64).optional(),
}

export function toList<T>({ items, next }: Paged<T>, toWire: (item: T) => object) {
  return {
    object: 'list',
    data: items.map(toWire),
    has_more: next !== undefined,
    next: next ?? null,
  }
}

/** Of a short list that is read whole: what sorts behind the cursor, whether that item is still there or not. */
export function pageOfAll<T>(
  items: readonly T[],
  idOf: (item: T) => string,
  { limit, after = '' }: Page,
): Paged<T> {
  const rest = items
    .map((item) => ({ item, id: idOf(item) }))
    .filter(({ id }) => id > after)
    .toSorted((one, other) => (one.id < other.id ? -1 : 1))
  const page = rest.slice(0, limit)
  return {
    items: page.map(({ item }) => item),
    next: rest.length > limit ? page.at(-1)?.id : undefined,
  }
}
