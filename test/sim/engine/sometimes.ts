/**
 * Things that must happen sometimes. A million quiet histories prove nothing: each rare interleaving
 * that the ledger is built for has a floor, and a run that stays below one has failed.
 */

/** What happened → how often. */
export type Counts = Map<string, number>

/** What must happen → at least how often in 10,000 histories. */
export type Floors = Readonly<Record<string, number>>

export type Shortfall = { readonly name: string; readonly seen: number; readonly floor: number }

export function addCounts(total: Counts, more: Iterable<readonly [string, number]>): void {
  for (const [name, count] of more) total.set(name, (total.get(name) ?? 0) + count)
}

/** Below this many histories chance alone decides, and nothing is demanded. */
export const historiesForFloors = 2_000

export function shortfalls(counts: Counts, floors: Floors, histories: number): Shortfall[] {
  if (histories < historiesForFloors) return []
  return Object.entries(floors).flatMap(([name, per10k]) => {
    const floor = Math.floor((per10k * histories) / 10_000)
    const seen = counts.get(name) ?? 0
    return seen < floor ? [{ name, seen, floor }] : []
  })
}

/** One row per name: how often, how often in 10,000 histories, the floor where there is one. */
export function countsTable(counts: Counts, floors: Floors, histories: number): string {
  const names = [...new Set([...counts.keys(), ...Object.keys(floors)])].sort()
  const width = Math.max(10, ...names.map((name) => name.length))
  const rows = names.map((name) => {
    const seen = counts.get(name) ?? 0
    const per10k = (seen * 10_000) / Math.max(1, histories)
    const floor = floors[name]
    const isShort = floor !== undefined && per10k < floor
    return [
      name.padEnd(width),
      String(seen).padStart(12),
      per10k.toFixed(1).padStart(14),
      (floor === undefined ? '' : String(floor)).padStart(8),
      isShort ? ' below' : '',
    ].join('')
  })
  const head = `${'sometimes'.padEnd(width)}${'seen'.padStart(12)}${'per 10,000'.padStart(14)}${'floor'.padStart(8)}`
  return [head, ...rows].join('\n')
}
