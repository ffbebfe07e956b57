/** Lists over the fleet in pages: bounded in size, continued behind the node that the page before named. */
import type { Page, Paged } from '../ledger/ports.ts'
import type { FleetRow } from './pool.ts'

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
