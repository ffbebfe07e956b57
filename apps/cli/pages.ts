/** A list of many pages as one document. */
import * as z from 'zod'
import type { Fields } from './api.ts'
import { type Outcome, ok, refuse } from './outcome.ts'
import type { Progress } from './progress.ts'

export type Listed = {
  readonly object: 'list'
  readonly data: readonly Fields[]
  readonly has_more: boolean
  readonly [further: string]: unknown
}

/** The admin API calls its cursor `next`, the gateway `next_cursor`; a list of one page has neither. */
const Page = z.looseObject({
  data: z.array(z.record(z.string(), z.unknown())),
  has_more: z.boolean().default(false),
  next: z.string().nullish(),
  next_cursor: z.string().nullish(),
})

/** What the APIs give where nothing is asked for. */
const rowsPerPage = 100
/** Enough for any list that is read by people; a longer one is asked for in parts. */
const rowsMax = 20_000
/** Pages may be empty where a filter left nothing of them. */
const pagesMax = 1_000

export type PageQuery = { readonly limit?: number; readonly after?: string }

/** Without `limit` all rows, up to 20,000. What else stands on the last page is kept. */
export async function allPages({
  limit = rowsMax,
  readPage,
  progress,
}: {
  readonly limit?: number | undefined
  readonly readPage: (query: PageQuery) => Promise<Outcome<Fields>>
  readonly progress: Pick<Progress, 'at'>
}): Promise<Outcome<Listed>> {
  const rows: Fields[] = []
  let after: string | undefined
  for (let pages = 1; ; pages += 1) {
    const left = limit - rows.length
    const query = {
      ...(left < rowsPerPage ? { limit: left } : {}),
      ...(after === undefined ? {} : { after }),
    }
    const reply = await readPage(query)
    if (!reply.ok) return reply
    const page = Page.safeParse(reply.value)
    if (!page.success) return refuse('The reply is not a list: check where it was asked.')
    const { data, has_more, next: cursorOfAdmin, next_cursor, ...further } = page.data
    rows.push(...data)
    const cursor = cursorOfAdmin ?? next_cursor ?? undefined
    const isMore = has_more && cursor !== undefined
    if (!isMore || rows.length >= limit || pages >= pagesMax) {
      const shown = rows.slice(0, limit)
      const isCut = isMore || rows.length > limit
      // A cursor behind rows that were cut off would skip them.
      const next = isMore && rows.length <= limit ? cursor : null
      return ok({ ...further, object: 'list', data: shown, has_more: isCut, next })
    }
    if (cursor === after) return refuse('The list does not go on: its cursor names the same place.')
    after = cursor
    progress.at(`${rows.length} so far`)
  }
}
