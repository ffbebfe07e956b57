/** Reads a listing to its end. */
import { expect } from 'vitest'
import type { Page, Paged } from '../../src/ledger/ports.ts'

const pagesMax = 1_000

export async function walk<T>(
  list: (page: Page) => Promise<Paged<T>>,
  { limit, after }: { readonly limit: number; readonly after?: string | undefined },
): Promise<T[]> {
  const items: T[] = []
  let next = after
  for (let pages = 0; pages < pagesMax; pages += 1) {
    const page = await list({ limit, after: next })
    expect(page.items.length).toBeLessThanOrEqual(limit)
    items.push(...page.items)
    if (page.next === undefined) return items
    next = page.next
  }
  throw new Error('a listing without an end')
}
