/**
 * Reads kept for a few seconds, misses included, so that a busy key or model costs one read per
 * environment and interval. Nothing that gates money is decided by a cached value alone.
 */
import type { NowMs } from '../protocol/clock.ts'

export type FreshCache<T> = (key: string) => Promise<T | undefined>

const manyEntries = 10_000

export function makeFreshCache<T>(
  load: (key: string) => Promise<T | undefined>,
  options: {
    readonly freshMs: number
    readonly nowMs: NowMs
    /** @default 10,000, which suits entries of a kilobyte. */
    readonly entriesMax?: number
  },
): FreshCache<T> {
  const entries = new Map<
    string,
    { readonly untilMs: number; readonly value: Promise<T | undefined> }
  >()
  const { entriesMax = manyEntries } = options
  return (key) => {
    const nowMs = options.nowMs()
    const known = entries.get(key)
    if (known && known.untilMs > nowMs) return known.value
    const value = load(key)
    entries.delete(key)
    entries.set(key, { untilMs: nowMs + options.freshMs, value })
    // A failed read must not be remembered as an answer.
    value.catch(() => entries.delete(key))
    const oldest = entries.size > entriesMax ? entries.keys().next().value : undefined
    if (oldest !== undefined) entries.delete(oldest)
    return value
  }
}
