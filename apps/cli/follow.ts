/**
 * Watching a list of the API grow. Ids sort by when a thing began, and a request may end after others
 * that began later: so each look goes back as far as one can run, and prints what it had not seen.
 */
import * as z from 'zod'
import type { Fields } from './api.ts'
import { type Outcome, ok } from './outcome.ts'
import { allPages, type PageQuery } from './pages.ts'
import type { World } from './world.ts'

export type Following = {
  readonly readPage: (query: PageQuery) => Promise<Outcome<Fields>>
  /** Which field of a row is its time. */
  readonly timeField: string
  readonly everySec: number
  /** Without it until Ctrl-C. */
  readonly forSec: number | undefined
  readonly print: (row: Fields) => void
  /** Told once, where more happens than one look takes in. */
  readonly onTooMany: () => void
}

/** Longer than a request may run. */
const windowMs = 16 * 60_000
const rowsPerPage = 100
const pagesMax = 10

const Row = z.looseObject({ id: z.string() })

export async function follow(
  following: Following,
  { nowMs, sleep, interrupted }: Pick<World, 'nowMs' | 'sleep' | 'interrupted'>,
): Promise<Outcome<undefined>> {
  const { everySec, forSec, print, onTooMany } = following
  const signal = interrupted()
  const endsAtMs = forSec === undefined ? Number.POSITIVE_INFINITY : nowMs() + forSec * 1000
  let seen: ReadonlySet<string> | undefined
  let wasTold = false
  for (;;) {
    const look = await lookBack(following, nowMs() - windowMs)
    if (!look.ok) return look
    const { rows, isCut } = look.value
    const before = seen
    if (before) {
      for (const row of rows.toReversed()) if (!before.has(idOf(row))) print(row)
    }
    // What is older than the window is not looked at again, so it need not be remembered.
    seen = new Set(rows.map(idOf))
    if (isCut && !wasTold) {
      wasTold = true
      onTooMany()
    }
    if (signal.aborted || nowMs() >= endsAtMs) return ok(undefined)
    await sleep(everySec * 1000, signal)
    if (signal.aborted) return ok(undefined)
  }
}

const idOf = (row: Fields): string => Row.parse(row).id

async function lookBack({ readPage, timeField }: Following, sinceMs: number) {
  const rows: Fields[] = []
  let after: string | undefined
  for (let pages = 1; pages <= pagesMax; pages += 1) {
    const page = await allPages({
      limit: rowsPerPage,
      progress: { at: () => undefined },
      readPage: (query) => readPage({ ...query, ...(after === undefined ? {} : { after }) }),
    })
    if (!page.ok) return page
    const { data, has_more, next } = page.value
    const fresh = data.filter((row) => timeOf(row, timeField) >= sinceMs)
    rows.push(...fresh)
    if (!has_more || fresh.length < data.length) return ok({ rows, isCut: false })
    if (typeof next !== 'string') return ok({ rows, isCut: true })
    after = next
  }
  return ok({ rows, isCut: true })
}

function timeOf(row: Fields, field: string): number {
  const value = row[field]
  const atMs = typeof value === 'string' ? Date.parse(value) : Number.NaN
  return Number.isNaN(atMs) ? Number.POSITIVE_INFINITY : atMs
}
