/** Lists in pages: bounded in size, continued by the cursor that the page before gave. */
import * as z from 'zod'
import type { FleetRow } from '../fleet/pool.ts'
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

/**
 * A page of what `pick` takes of each node, cut between nodes. The fleet has no index to start from
 * in the middle, so later pages read what they pass over. Undefined where no node is the cursor.
 */
export async function pageOfFleet<T>(
  rows: AsyncIterable<FleetRow>,
  { limit, after }: Page,
  pick: (row: FleetRow) => readonly T[],
): Promise<Paged<T> | undefined> {
  const items: T[] = []
  let last: string | undefined
  let isPassing = after !== undefined
  for await (const row of rows) {
    if (isPassing) {
      isPassing = row.node.nodeId !== after
      continue
    }
    if (items.length >= limit) return { items, next: last }
    items.push(...pick(row))
    last = row.node.nodeId
  }
  return isPassing ? undefined : { items, next: undefined }
}
