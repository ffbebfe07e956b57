/** Sums of spend in memory, with the promise of the stored ones: a batch counts whole, once, or not. */
import type { SpendBatch, SpendRow, SpendStore } from '../../src/spend/ports.ts'
import { addSpend, noSpend, type Spend } from '../../src/spend/spend.ts'

/** `dimension value day` → sum. */
export type Sums = ReadonlyMap<string, Spend>

export const sumsOf = (rows: Iterable<SpendRow>): Sums => {
  const sums = new Map<string, Spend>()
  for (const { dimension, value, day, spend } of rows) {
    const name = `${dimension} ${value} ${day}`
    sums.set(name, addSpend(sums.get(name) ?? noSpend, spend))
  }
  return sums
}

export function makeMemorySpend() {
  const marks = new Set<string>()
  const rows: SpendRow[] = []
  const batches: SpendBatch[] = []
  const store: SpendStore = {
    countSpend: async (batch) => {
      batches.push(batch)
      const known = batch.holds.map(({ holdId }) => holdId).filter((holdId) => marks.has(holdId))
      if (known.length > 0) return { kind: 'known', holdIds: new Set(known) }
      for (const { holdId } of batch.holds) marks.add(holdId)
      rows.push(...batch.rows)
      return { kind: 'counted' }
    },
    rowsOf: async function* (subject, { from, to }) {
      yield* rows.filter(
        ({ dimension, value, day }) =>
          dimension === subject.dimension && value === subject.value && day >= from && day <= to,
      )
    },
    rowsByValue: async function* ({ dimension, prefix, after = '' }, { from, to }) {
      const asked = rows.filter((row) => {
        const isInRange = row.day >= from && row.day <= to
        const isAsked = row.value.startsWith(prefix) && row.value > after
        return row.dimension === dimension && isInRange && isAsked
      })
      yield* asked.toSorted((one, other) => (one.value < other.value ? -1 : 1))
    },
  }
  return { store, rows, batches }
}
