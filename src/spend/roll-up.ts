/**
 * Adds receipts to the sums of spend, each exactly once, however often and in whatever order they
 * are delivered: the mark that a hold is counted is written in the same transaction as its sums.
 */
import type { Decision } from '../ledger/ports.ts'
import { assert } from '../protocol/assert.ts'
import { dayMs, type NowMs } from '../protocol/clock.ts'
import type { CountedHold, SpendBatch, SpendRow, SpendStore } from './ports.ts'
import { rowsOf, type Tags } from './rows-of.ts'
import { addSpend } from './spend.ts'

export type RollUpDeps = {
  readonly store: Pick<SpendStore, 'countSpend'>
  /** Tags as they are now; those of a moment ago will do. */
  readonly tagsOf: (accountId: string) => Promise<Tags>
  readonly timeOfId: (holdId: string) => number
  readonly nowMs: NowMs
  readonly onFailure: (failure: { readonly place: string; readonly error: unknown }) => void
}

/** A decision as it came, and where in its stream it stands. */
export type Delivered = {
  readonly place: string
  /** Left out, it is the minute that the receipt itself names. */
  readonly decidedAtMs?: number
  /** Throws where it is none that can be read. */
  readonly read: () => Decision
}

export type RolledUp = {
  readonly counted: number
  readonly known: number
  /** Too long ago for it to be known whether they were counted. */
  readonly tooOld: number
  /** Places of what was not counted and has to be delivered again. */
  readonly failures: readonly string[]
}

/**
 * A receipt is counted only while its mark, had it been counted before, would still be there. Streams
 * deliver for a day; the rest of the month is for repairs.
 */
export const countedWithinMs = 35 * dayMs
const rememberedMs = countedWithinMs + dayMs

const transactionItemsMax = 100

type Item = { readonly place: string; readonly hold: CountedHold; readonly rows: SpendRow[] }

export async function rollUp(deps: RollUpDeps, delivered: readonly Delivered[]): Promise<RolledUp> {
  const { items, failures, tooOld } = await readAll(deps, delivered)
  let counted = 0
  let known = 0
  const groups = transactionsOf(items)
  for (const [index, group] of groups.entries()) {
    try {
      const done = await countGroup(deps.store, group)
      counted += done
      known += group.length - done
    } catch (error) {
      // Whatever stands in its way does so for those behind it as well.
      const rest = groups.slice(index).flat()
      failures.push(...rest.map(({ place }) => place))
      deps.onFailure({ place: group[0]?.place ?? '', error })
      break
    }
  }
  return { counted, known, tooOld, failures }
}

/** One receipt that cannot be read must not keep those behind it from being counted. */
async function readAll(deps: RollUpDeps, delivered: readonly Delivered[]) {
  // By hold: delivered twice at once, it would be two marks of one transaction.
  const items = new Map<string, Item>()
  const failures: string[] = []
  let tooOld = 0
  for (const one of delivered) {
    try {
      const item = await itemOf(deps, one)
      if (!item) tooOld += 1
      else if (!items.has(item.hold.holdId)) items.set(item.hold.holdId, item)
    } catch (error) {
      failures.push(one.place)
      deps.onFailure({ place: one.place, error })
    }
  }
  return { items: [...items.values()], failures, tooOld }
}

/** Undefined where it is too old. */
async function itemOf(
  deps: RollUpDeps,
  { place, read, ...delivered }: Delivered,
): Promise<Item | undefined> {
  const decision = read()
  const { accountId, holdId } = decision
  const takenAtMs = deps.timeOfId(holdId)
  if (deps.nowMs() - takenAtMs > countedWithinMs) return undefined
  const tags = await deps.tagsOf(accountId)
  const expiresAtSec = Math.ceil((takenAtMs + rememberedMs) / 1000)
  const decidedAtMs = delivered.decidedAtMs ?? Date.parse(decision.receipt.body.minute)
  const rows = rowsOf({ decision, takenAtMs, decidedAtMs, tags })
  return { place, hold: { holdId, expiresAtSec }, rows }
}

/**
 * Receipts that share rows stand together, whatever order they came in: the more of them in one
 * transaction, the less each of them costs.
 */
export function transactionsOf(items: readonly Item[]): Item[][] {
  const sorted = items.toSorted((one, other) => (groupKey(one) < groupKey(other) ? -1 : 1))
  const groups: Item[][] = []
  let group: Item[] = []
  let rows = new Set<string>()
  for (const item of sorted) {
    const more = new Set([...rows, ...item.rows.map(rowName)])
    if (group.length > 0 && group.length + 1 + more.size > transactionItemsMax) {
      groups.push(group)
      group = []
      rows = new Set(item.rows.map(rowName))
    } else {
      rows = more
    }
    group.push(item)
  }
  return group.length === 0 ? groups : [...groups, group]
}

/** How many were counted now; the others were before. */
async function countGroup(
  store: Pick<SpendStore, 'countSpend'>,
  items: readonly Item[],
): Promise<number> {
  let left = items
  while (left.length > 0) {
    const outcome = await store.countSpend(batchOf(left))
    if (outcome.kind === 'counted') return left.length
    const unknown = left.filter(({ hold }) => !outcome.holdIds.has(hold.holdId))
    assert(unknown.length < left.length, 'a refusal names holds of its batch')
    left = unknown
  }
  return 0
}

function batchOf(items: readonly Item[]): SpendBatch {
  const rows = new Map<string, SpendRow>()
  for (const row of items.flatMap((item) => item.rows)) {
    const known = rows.get(rowName(row))
    rows.set(rowName(row), known ? sumOf(known, row) : row)
  }
  return { holds: items.map(({ hold }) => hold), rows: [...rows.values()] }
}

const sumOf = (one: SpendRow, other: SpendRow): SpendRow => ({
  ...one,
  spend: addSpend(one.spend, other.spend),
  newestMs: Math.max(one.newestMs, other.newestMs),
})

const rowName = ({ dimension, value, day }: SpendRow): string => `${dimension} ${day} ${value}`
const groupKey = ({ rows }: Item): string => rows.map(rowName).join()
