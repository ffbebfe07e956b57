/** Rows of spend put together as somebody asked for them: by day, or by whom they concern. */
import type { DayRange, Dimension, SpendRow, SpendStore, Subject } from './ports.ts'
import { addSpend, noSpend, type Spend } from './spend.ts'

/** One line of an answer; `value` is a day or a value of the dimension. */
export type SpendLine = { readonly value: string; readonly spend: Spend }

export type SpendTotal = {
  readonly spend: Spend
  /** When a receipt among the newest of these was decided; undefined where there are none. */
  readonly newestMs: number | undefined
}

type SpendReader = Pick<SpendStore, 'rowsOf' | 'rowsByValue'>

export const everything: Subject = { dimension: 'all', value: 'all' }

/** Days without requests are left out. */
export async function spendByDay(
  store: SpendReader,
  subject: Subject,
  range: DayRange,
): Promise<{ readonly days: readonly SpendLine[]; readonly total: SpendTotal }> {
  const byDay = new Map<string, Spend>()
  let total: SpendTotal = { spend: noSpend, newestMs: undefined }
  for await (const row of store.rowsOf(subject, range)) {
    byDay.set(row.day, addSpend(byDay.get(row.day) ?? noSpend, row.spend))
    total = withRow(total, row)
  }
  const days = [...byDay].map(([value, spend]) => ({ value, spend }))
  return { days: days.toSorted((one, other) => (one.value < other.value ? -1 : 1)), total }
}

/** A page of values in their order, each with what it came to over the range. */
export async function spendByValue(
  store: SpendReader,
  asked: {
    readonly dimension: Dimension
    readonly prefix: string
    readonly limit: number
    readonly after: string | undefined
  },
  range: DayRange,
): Promise<{ readonly items: readonly SpendLine[]; readonly next: string | undefined }> {
  const items: SpendLine[] = []
  for await (const { value, spend } of store.rowsByValue(asked, range)) {
    const last = items.at(-1)
    if (last?.value === value) {
      items[items.length - 1] = { value, spend: addSpend(last.spend, spend) }
      continue
    }
    if (items.length === asked.limit) return { items, next: last?.value }
    items.push({ value, spend })
  }
  return { items, next: undefined }
}

const withRow = ({ spend, newestMs = 0 }: SpendTotal, row: SpendRow): SpendTotal => ({
  spend: addSpend(spend, row.spend),
  newestMs: Math.max(newestMs, row.newestMs),
})
