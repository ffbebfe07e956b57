/** What proving one account or one node needs, how much it may read, and how its progress is kept. */
import * as z from 'zod'
import type { KeyStore } from '../../keys/api-key.ts'
import { assert } from '../../protocol/assert.ts'
import type { FirstIdAt, NowMs } from '../../protocol/clock.ts'
import type { Entry } from '../journal.ts'
import type { ClosingStore, JournalOwner } from '../journal-ports.ts'
import type { VerifyReceipt } from './decision.ts'
import type { Budget, Discrepancy, Reading, ReconcileStore } from './ports.ts'

export type ProveDeps = {
  readonly store: ReconcileStore
  readonly places: Pick<ClosingStore, 'readPlace' | 'writePlace'>
  readonly keys: Pick<KeyStore, 'listKeys'>
  readonly verify: VerifyReceipt
  readonly timeOfId: (holdId: string) => number
  readonly firstIdAt: FirstIdAt
  readonly nowMs: NowMs
  readonly pageSize: number
}

/** One visit to an account or a node. */
export type Visit = {
  readonly budget: Budget
  readonly onDiscrepancy: (discrepancy: Discrepancy) => void
}

export type Proven =
  /** Read to its end; what was wrong was told. */
  | 'proven'
  /** The visit's budget ended; the next one goes on. */
  | 'unfinished'
  /** Entries came in whenever their sum was to be held against what they add up to. */
  | 'contended'

/**
 * An entry gets its id before it is written, and is tried for seconds: what is older than this is all
 * there. Should one come later all the same, the second pass counts it.
 */
const settledAfterMs = 60 * 60_000
const quietTries = 3
/** Entries of one owner in an hour: far above what the schedules and operators write. */
const recentEntriesMax = 5_000

export const settledBefore = ({ firstIdAt, nowMs }: ProveDeps): string =>
  firstIdAt(nowMs() - settledAfterMs)

/** All entries after `after`, and what `read` answered at a moment when there were these and no others. */
export async function readQuietly<T>(
  { store }: ProveDeps,
  { of, after }: { readonly of: JournalOwner; readonly after: string },
  read: () => Promise<T>,
): Promise<{ readonly entries: readonly Reading<Entry>[]; readonly at: T } | undefined> {
  const limit = recentEntriesMax
  let entries = await store.entriesBetween({ of, after, before: undefined, limit })
  for (let attempt = 0; attempt < quietTries && entries.length < limit; attempt += 1) {
    const at = await read()
    const again = await store.entriesBetween({ of, after, before: undefined, limit })
    // Entries never change and never leave, so as many as before are the same ones.
    if (again.length === entries.length) return { entries, at }
    entries = again
  }
  return undefined
}

const placeOf = (subject: string): string => `reconcile-ledger ${subject}`

/** Undefined also where an earlier release wrote it in another shape: then the proof begins anew. */
export async function readProgress<Schema extends z.ZodType>(
  { places }: ProveDeps,
  subject: string,
  schema: Schema,
): Promise<z.output<Schema> | undefined> {
  const text = await places.readPlace(placeOf(subject))
  return text === undefined ? undefined : schema.safeParse(JSON.parse(text)).data
}

/** An item holds 400 KB, and what is open in an account is bounded. */
const progressCharsMax = 300_000

export async function writeProgress<Schema extends z.ZodType>(
  { places }: ProveDeps,
  subject: string,
  { schema, progress }: { readonly schema: Schema; readonly progress: z.output<Schema> },
): Promise<void> {
  const text = JSON.stringify(z.encode(schema, progress))
  assert(text.length <= progressCharsMax, 'progress fits into one item', { subject })
  await places.writePlace(placeOf(subject), text)
}

export const clearProgress = ({ places }: ProveDeps, subject: string): Promise<void> =>
  places.writePlace(placeOf(subject), undefined)
